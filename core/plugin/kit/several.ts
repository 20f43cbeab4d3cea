/** Several drawings as one run: their steps are counted through, so that steering, going back and replay name the same ones. */
import { z } from 'zod';
import { contactSheet } from '../../contact-sheet.ts';
import type { PluginContext } from '../define.ts';
import type { PluginEvent } from '../events.ts';

const recordSchema = z.looseObject({
  steps: z.int().nonnegative().default(0),
  script: z.array(z.object({ step: z.int().nonnegative(), change: z.unknown() })).default([]),
  others: z.array(z.string()).default([]),
});
type DrawingRecord = z.output<typeof recordSchema>;
type Picture = Extract<PluginEvent, { type: 'picture' }>;

export class Several {
  private readonly context: PluginContext;
  private readonly parts: number;
  private readonly steps: number;
  /** What is to be said of the drawings that are done, and what they are. */
  private done: DrawingRecord = { steps: 0, script: [], others: [] };
  private readonly pictures: Uint8Array[] = [];

  /** So many drawings, each of as many steps. */
  constructor(context: PluginContext, { parts, steps }: { readonly parts: number; readonly steps: number }) {
    this.context = context;
    this.parts = parts;
    this.steps = steps;
  }

  /** The next drawing, the part-th. Its events count steps through all; checkpoints, which hold one drawing alone, are left out. */
  async *part(
    part: number,
    draw: (context: PluginContext) => AsyncIterable<PluginEvent>,
  ): AsyncGenerator<PluginEvent, void, void> {
    const from = part * this.steps;
    let now = this.done;
    for await (const event of draw(this.within(from))) {
      if (event.type === 'checkpoint') continue;
      if (event.type === 'picture') {
        now = this.joined(event, from);
        if (event.mime === 'image/png') this.pictures.push(event.bytes);
        yield { ...event, record: plain(now) };
      } else yield this.counted(event, from);
    }
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
  private within(from: number): PluginContext {
    const { script, onSteer, resume: _ofOneDrawing, ...context } = this.context;
    const to = from + this.steps;
    return {
      ...context,
      script: script.flatMap((e) => (e.step >= from && e.step < to ? [{ ...e, step: e.step - from }] : [])),
      onSteer: (listener) =>
        onSteer((steer) =>
          listener(steer.rewind === undefined ? steer : { ...steer, rewind: Math.max(0, steer.rewind - from) }),
        ),
    };
  }
}

/** Other models are named only where there are any. */
const plain = ({ others, ...record }: DrawingRecord): Record<string, unknown> => ({
  ...record,
  ...(others.length > 0 ? { others } : {}),
});
