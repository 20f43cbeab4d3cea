/** Several drawings as one run: their steps are counted through, so that steering, going back and replay name the same ones. */
import { z } from 'zod';
import { contactSheet } from '../../contact-sheet.ts';
import type { PluginContext } from '../define.ts';
import { type PluginEvent, pluginEventSchema } from '../events.ts';

const recordSchema = z.looseObject({
  steps: z.int().nonnegative().default(0),
  script: z.array(z.object({ step: z.int().nonnegative(), change: z.unknown() })).default([]),
  others: z.array(z.string()).default([]),
});
type DrawingRecord = z.output<typeof recordSchema>;
type Of<T extends PluginEvent['type']> = Extract<PluginEvent, { type: T }>;
type Picture = Of<'picture'>;
type Checkpoint = Of<'checkpoint'>;
type Before = NonNullable<Checkpoint['checkpoint']['before']>;
interface Given {
  readonly part: number;
  readonly event: Picture | Of<'frame'>;
}

/** Bytes of finished drawings from which on states are given only every so many steps. */
const MUCH = 1 << 20;
const SELDOM = 25;

export class Several {
  private readonly context: PluginContext;
  private readonly parts: number;
  private readonly steps: number;
  /** What is to be said of the drawings that are done, and what they are. */
  private done: DrawingRecord = { steps: 0, script: [], others: [] };
  private readonly pictures: Uint8Array[] = [];
  /** What the drawings gave that are done, so that a run that is taken up has it. */
  private readonly gave: Given[] = [];
  /** The state of the drawing that was seen last. */
  private last = { step: 0, changes: 0 };

  /** So many drawings, each of as many steps. */
  constructor(context: PluginContext, { parts, steps }: { readonly parts: number; readonly steps: number }) {
    this.context = context;
    this.parts = parts;
    this.steps = steps;
  }

  /** The next drawing, the part-th. Its events count steps through all. One that was done when the run was interrupted is given as it was. */
  async *part(
    part: number,
    draw: (context: PluginContext) => AsyncIterable<PluginEvent>,
  ): AsyncGenerator<PluginEvent, void, void> {
    const before = this.context.resume?.before;
    if (before && part < before.parts) {
      yield* this.again(before, part);
      return;
    }
    const from = part * this.steps;
    let now = this.done;
    let last: Given | undefined;
    for await (const event of draw(this.within(from, part))) {
      if (event.type === 'checkpoint') {
        if (this.isDue(event)) yield this.checkpoint(event, from, part);
      } else if (event.type === 'picture') {
        now = this.joined(event, from);
        yield this.given(part, { ...event, record: plain(now) });
      } else {
        const counted = this.counted(event, from);
        if (counted.type === 'frame') last = { part, event: counted };
        yield counted;
      }
    }
    if (last) this.gave.push(last);
    this.done = now;
  }

  /** The finished drawings, PNG. */
  get drawn(): readonly Uint8Array[] {
    return this.pictures;
  }

  /** All drawings on one sheet, which says of itself what they all say. */
  async sheet(title: string, layout?: Parameters<typeof contactSheet>[1]): Promise<Picture> {
    const { bytes, width, height } = await contactSheet(this.pictures, layout);
    const shows = this.pictures.length;
    return { type: 'picture', title, mime: 'image/png', width, height, bytes, shows, record: plain(this.done) };
  }

  /** Where drawings before it weigh much, not every state goes all the way with them. */
  private isDue({ checkpoint: { step }, script }: Checkpoint): boolean {
    const bytes = this.gave.reduce((sum, { event }) => sum + event.bytes.byteLength, 0);
    const { step: before, changes } = this.last;
    this.last = { step, changes: script.length };
    // What somebody changed, and where the drawing went back to, nobody else knows.
    return bytes < MUCH || step % SELDOM === 0 || script.length !== changes || step <= before;
  }

  private given(part: number, picture: Picture): Picture {
    if (picture.mime === 'image/png') this.pictures.push(picture.bytes);
    this.gave.push({ part, event: picture });
    return picture;
  }

  private *again({ parts, record, gave }: Before, part: number): Generator<PluginEvent> {
    for (const { event, bytes, part: of } of gave) {
      if (of !== part) continue;
      const whole = pluginEventSchema.parse({ ...event, bytes });
      if (whole.type === 'picture') yield this.given(part, whole);
      if (whole.type !== 'frame') continue;
      this.gave.push({ part, event: whole });
      yield whole;
    }
    if (part === parts - 1) this.done = recordSchema.parse(record);
  }

  /** Where all of the run can be taken up: the state of one drawing, and what those before it gave. */
  private checkpoint({ checkpoint, script }: Checkpoint, from: number, part: number): Checkpoint {
    const gave = this.gave.map(({ part: of, event: { bytes, ...event } }) => ({
      part: of,
      event: jsonOf(event),
      bytes,
    }));
    return {
      type: 'checkpoint',
      checkpoint: {
        ...checkpoint,
        step: from + checkpoint.step,
        ...(part > 0 ? { before: { parts: part, record: jsonOf(plain(this.done)), gave } } : {}),
      },
      script: [
        ...this.context.script.filter(({ step }) => step < from),
        ...script.map((entry) => ({ ...entry, step: from + entry.step })),
      ],
    };
  }

  /** What a picture says of its own drawing, with what those before it say. */
  private joined({ record = {} }: Picture, from: number): DrawingRecord {
    const own = recordSchema.parse(record);
    const script = own.script.map((e) => ({ ...e, step: from + e.step }));
    return {
      ...own,
      steps: from + own.steps,
      script: [...this.done.script, ...script],
      others: [...new Set([...this.done.others, ...own.others])],
    };
  }

  private counted(event: PluginEvent, from: number): PluginEvent {
    if (event.type === 'progress') return { ...event, done: from + event.done, total: this.parts * this.steps };
    if (event.type === 'chart') return { ...event, x: from + event.x };
    return 'step' in event ? { ...event, step: from + event.step } : event;
  }

  /** The context of a drawing that begins after so many steps of those before it. */
  private within(from: number, part: number): PluginContext {
    const { script, onSteer, resume, ...context } = this.context;
    const to = from + this.steps;
    const isThis = resume !== undefined && part === (resume.before?.parts ?? 0);
    return {
      ...context,
      ...(isThis ? { resume: ofOne(resume, from) } : {}),
      script: script.flatMap((e) => (e.step >= from && e.step < to ? [{ ...e, step: e.step - from }] : [])),
      onSteer: (listener) =>
        onSteer((steer) =>
          listener(steer.rewind === undefined ? steer : { ...steer, rewind: Math.max(0, steer.rewind - from) }),
        ),
    };
  }
}

type State = NonNullable<PluginContext['resume']>;
/** The state of one drawing, by its own steps. */
const ofOne = ({ before: _before, ...state }: State, from: number): State => ({ ...state, step: state.step - from });

/** What goes into a file beside bytes. */
const jsonOf = (value: object): Before['record'] => JSON.parse(JSON.stringify(value));

/** Other models are named only where there are any. */
const plain = ({ others, ...record }: DrawingRecord): Record<string, unknown> => ({
  ...record,
  ...(others.length > 0 ? { others } : {}),
});
