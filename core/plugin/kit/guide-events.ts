/** A guidance run as a plugin's events: frames, a score chart, progress, checkpoints and the finished picture; steering goes to the run. */
import { randomUUID } from 'node:crypto';
import type { EyeName, PictureSource } from '../../engine/requests.ts';
import { failure } from '../../errors.ts';
import { parsePrompt } from '../../guidance/prompt/parse.ts';
import { printPrompt } from '../../guidance/prompt/print.ts';
import type {
  Change,
  Checkpoint,
  Command,
  GuideEvent,
  GuideRequest,
  JudgeName,
  LogEntry,
  LookerChoice,
  Opinion,
  Prompt,
  PromptItem,
  ReadyDrawer,
} from '../../guidance/protocol.ts';
import { pictureOver } from '../../guidance/svg.ts';
import { image } from '../../image/image.ts';
import { seeded } from '../../random.ts';
import type { PluginContext } from '../define.ts';
import type { PluginEvent } from '../events.ts';
import { type Steer, scriptSchema, steerSchema } from '../steer.ts';
import { ToldChanges } from './told-changes.ts';
import { ToldLayout } from './told-layout.ts';

/** The pictures that prompts name, found and checked by the host. */
export async function withPictures(prompts: readonly Prompt[], { pictures }: PluginContext): Promise<Prompt[]> {
  const found = async (source: PromptItem['picture']): Promise<PromptItem['picture']> =>
    source && 'path' in source ? (await pictures([source.path]))[0] : source;
  const item = async (i: PromptItem): Promise<PromptItem> => {
    const [picture, style] = [await found(i.picture), await found(i.style)];
    return { ...i, ...(picture ? { picture } : {}), ...(style ? { style } : {}) };
  };
  return Promise.all(
    prompts.map(async (p) => {
      const mask = await found(p.mask);
      return {
        ...p,
        targets: await Promise.all(p.targets.map((target) => Promise.all(target.map(item)))),
        ...(mask ? { mask } : {}),
      };
    }),
  );
}

/** The models that a run is guided by, by their names; `own` is the engine's. Each guides by its guiding eye unless another is asked for. */
export async function lookersOf(
  names: readonly string[],
  { model }: PluginContext,
  eye: EyeName = 'guiding',
): Promise<LookerChoice[]> {
  const by: LookerChoice = eye === 'guiding' ? { weight: 1 } : { eye, weight: 1 };
  return Promise.all(names.map(async (name) => (name === 'own' ? by : { ...by, folder: await model(name) })));
}

async function changeOf(steer: Steer, context: PluginContext, { redrawn, eye }: Extras): Promise<Change> {
  const { prompt, settings, weights, paint, lock, parameters, models, control } = steer;
  const picture = async (path: string | null): Promise<PictureSource | null> =>
    path === null ? null : ((await context.pictures([path]))[0] ?? null);
  if (parameters && !redrawn)
    throw failure('STEER_INVALID', { what: 'its drawer has no parameters that can change while it runs' });
  return {
    ...(prompt === undefined ? {} : { prompts: await withPictures(parsePrompt(prompt), context) }),
    ...(settings ? { settings } : {}),
    ...(weights ? { weights } : {}),
    ...(paint === undefined ? {} : { paint: await picture(paint) }),
    ...(lock === undefined ? {} : { lock: await picture(lock) }),
    ...(parameters && redrawn ? { drawer: (await redrawn(parameters)).drawer } : {}),
    ...(models ? { lookers: await lookersOf(models, context, eye) } : {}),
    ...(control === 'finish' ? { finish: true as const } : {}),
  };
}

async function commandOf(
  steer: Steer,
  context: PluginContext,
  { random, ...extras }: Extras & { readonly random: () => number },
): Promise<Command> {
  if (steer.rewind !== undefined) return { kind: 'rewind', step: steer.rewind };
  if (steer.control && steer.control !== 'finish') return { kind: steer.control };
  const prompts = steer.prompt === undefined ? undefined : parsePrompt(steer.prompt, random);
  // Wildcards are chosen here and now, so that the log says what was chosen.
  const plain: Steer = prompts ? { ...steer, prompt: printPrompt(prompts) } : steer;
  return { kind: 'change', change: await changeOf(plain, context, extras), note: { ...plain } };
}

const sized = ({ width, height, bytes }: Extract<GuideEvent, { type: 'frame' | 'picture' }>) => ({
  width,
  height,
  bytes,
});

interface Values {
  readonly series: Readonly<Record<string, number>>;
  readonly percentiles: Readonly<Record<string, number>>;
}
/** What those who do not guide said last, under names of their own, and the point of the chart that it belongs to. */
interface Heard {
  readonly said: Map<JudgeName, Values>;
  /** Whether the clean eye of the run's own model is heard: a prompt's name alone is its score then. */
  clean: boolean;
  readonly changes: ToldChanges;
  last?: Extract<PluginEvent, { type: 'chart' }> & Values;
}

function told(event: GuideEvent, title: string, heard: Heard): PluginEvent[] {
  const named = (prompts: readonly string[], values: readonly number[], by = ''): Record<string, number> =>
    Object.fromEntries(values.map((v, i) => [`${prompts[i] ?? `prompt ${i + 1}`}${by}`, v]));
  switch (event.type) {
    case 'step': {
      const opinions = [event, ...event.also];
      const own = heard.clean ? GUIDING : '';
      const all = (of: (o: Opinion) => readonly number[]): Record<string, number> =>
        Object.assign(
          {},
          ...opinions.map((o, i) => named(event.prompts, of(o), i === 0 ? own : ` (model ${i + 1})`)),
        ) as Record<string, number>; // records of one type joined
      const values = { series: all((o) => o.cosines), percentiles: all((o) => o.percentiles) };
      heard.last = { type: 'chart', x: event.step, ...joined([...heard.said.values(), values]) };
      return [{ type: 'progress', done: event.step, total: event.steps }, heard.last];
    }
    case 'trying': {
      const label = `choosing a beginning, ${event.beginning} of ${event.of}`;
      return [{ type: 'progress', done: event.step, total: event.steps, label }];
    }
    case 'tidying':
      return [{ type: 'progress', done: event.done, total: event.of, label: 'tidying' }];
    case 'tried':
      return [{ type: 'note', text: choice(event) }];
    case 'compiled':
      heard.clean = event.judges.includes('clean');
      return [];
    case 'judged': {
      const by = event.by === 'clean' ? '' : JUDGED;
      heard.said.set(event.by, {
        series: named(event.prompts, event.cosines, by),
        percentiles: named(event.prompts, event.percentiles, by),
      });
      return [];
    }
    case 'frame':
      return [{ type: 'frame', step: event.step, mime: 'image/jpeg', ...sized(event) }];
    case 'picture':
      return [
        ...verdict(heard),
        { type: 'picture', title, mime: 'image/png', ...sized(event), record: { ...event.record } },
      ];
    case 'checkpoint': {
      const script = scriptSchema.parse(event.script.map(({ step, note }) => ({ step, steer: note })));
      return [...heard.changes.in(script), { type: 'checkpoint', checkpoint: event.checkpoint, script }];
    }
    case 'rewound':
      heard.changes.back(event.step);
      return [event];
    case 'paused':
    case 'going':
      return [event];
    default:
      return [];
  }
}

/** Which beginning goes on, and why. */
function choice({ chosen, scores, prompts }: Extract<GuideEvent, { type: 'tried' }>): string {
  const [best = 0, ...others] = scores.toSorted((a, b) => b - a).map((s) => s.toFixed(3));
  return `Of ${scores.length} beginnings, number ${chosen + 1} goes on: it fits ${prompts.join(' | ')} best, ${best} against ${others.join(', ')}`;
}

/** Names of all, each with what was said of it last. */
const joined = (all: readonly Values[]): Values => ({
  series: Object.assign({}, ...all.map((v) => v.series)) as Values['series'],
  percentiles: Object.assign({}, ...all.map((v) => v.percentiles)) as Values['percentiles'], // records of one type joined
});

/** The point of the last step, with what is made of the finished drawing: it takes the place of the one before. */
function verdict({ last, said }: Heard): PluginEvent[] {
  const heard = [...said.values()];
  // Named first, and heard last.
  return last && heard.length > 0 ? [{ ...last, ...joined([...heard, last, ...heard]) }] : [];
}

/** Mark the scores of the model that was named to judge, and of the eye that guides where another one is heard. */
const JUDGED = ' (judge)';
const GUIDING = ' (guiding eye)';

/** A drawer made ready, and what makes an SVG of its parameters, where that can be had. */
export interface ReadyDrawing {
  readonly drawer: ReadyDrawer;
  readonly svg?: (values: Checkpoint['values'], progress: number) => string | undefined;
}

interface Extras {
  /** A picture that the drawing is fitted to first, and for how many steps. */
  readonly start?: { readonly picture: PictureSource; readonly steps: number };
  readonly svg?: ReadyDrawing['svg'];
  /** The drawing with other parameters, for runs whose drawer can be changed. Throws STEER_INVALID. */
  readonly redrawn?: (parameters: NonNullable<Steer['parameters']>) => Promise<ReadyDrawing>;
  /** By which eye models guide that are chosen while it runs. */
  readonly eye?: EyeName;
}

/** The drawing takes over a picture before any prompt pulls. */
const fitting = ({ picture, steps }: NonNullable<Extras['start']>, prompts: Prompt[]): LogEntry[] => [
  { step: 0, change: { prompts: [], paint: picture } },
  { step: steps, change: { prompts, paint: null } },
];

type Picture = Extract<GuideEvent, { type: 'picture' }>;
/** A picture whose layers did not fit into memory at its size is made from its SVG. */
async function atFullSize(picture: Picture, svg: string): Promise<Picture> {
  const drawing = image(new TextEncoder().encode(svg));
  const { width, height } = await drawing.metadata();
  if (width <= picture.width) return picture;
  return { ...picture, width, height, bytes: await drawing.removeAlpha().png({ compressionLevel: 9 }).toBuffer() };
}

const untidied = (svg: string): PluginEvent => ({
  type: 'file',
  name: 'untidied.svg',
  mime: 'image/svg+xml',
  report: true,
  bytes: new TextEncoder().encode(svg),
});

/** The drawing that a run ended with: the last of its changes says which. */
async function lastDrawing({ record }: Picture, { svg, redrawn }: Extras): Promise<Extras['svg']> {
  const changes = record.script.flatMap(({ change }) => {
    const parsed = steerSchema.safeParse(change);
    return parsed.data?.parameters ? [parsed.data.parameters] : [];
  });
  const last = changes.at(-1);
  return last && redrawn ? (await redrawn(last)).svg : svg;
}

/** The finished picture; where it is made of shapes, after an SVG of them, and with one of what it was before it was tidied. */
async function* finished(
  event: Picture,
  title: string,
  extras: Extras,
  heard: Heard,
): AsyncGenerator<PluginEvent, void, void> {
  const svg = await lastDrawing(event, extras);
  const drawn = (values: Picture['values']): string | undefined => {
    const found = svg?.(values, event.progress);
    return found !== undefined && event.locked ? pictureOver(found, event.locked) : found;
  };
  const drawing = drawn(event.values);
  if (drawing === undefined) {
    yield* told(event, title, heard);
    return;
  }
  const full = await atFullSize(event, drawing);
  const bytes = new TextEncoder().encode(drawing);
  yield { type: 'picture', title, mime: 'image/svg+xml', ...sized(full), bytes, record: { ...event.record } };
  yield* told(full, title, heard);
  const before = event.untidied && drawn(event.untidied);
  if (before !== undefined) yield untidied(before);
}

/** `title` names the finished picture. */
export async function* guideEvents(
  context: PluginContext,
  title: string,
  request: Omit<GuideRequest, 'run' | 'script' | 'resume' | 'plan'>,
  extras: Extras = {},
): AsyncGenerator<PluginEvent, void, void> {
  const { engine, signal, onSteer, script, resume, checkpointEvery } = context;
  const { start } = extras;
  // Of the moment: two runs of the same prompt and seed may go on at once. Nothing of it gets into a picture.
  const run = `${title.slice(0, 60)} ${randomUUID()}`;
  // Wildcards of steering are drawn from numbers of their own: a replay, which is told what was drawn, leaves the run's own where they were.
  const random = seeded(Math.floor(context.random() * 2 ** 32));
  const layout = new ToldLayout(request.prompts, request.beginnings ?? [], resume?.tried?.chosen);
  const stopListening = onSteer(async (steer) => {
    const command = await commandOf(steer, context, { ...extras, random });
    await engine.steer({ run, command });
    if (command.kind === 'change' && command.change.prompts) layout.change(command.change.prompts);
  });
  if (request.prompts.every((p) => p.weight <= 0))
    throw failure('PROMPT_INVALID', {
      prompt: printPrompt(request.prompts),
      what: 'everything in it pushes away, so nothing says what to draw; add a part with a weight above zero',
    });
  const entries = script.map(
    async ({ step, steer }): Promise<LogEntry> => ({
      step,
      change: await changeOf(steer, context, extras),
      note: { ...steer },
    }),
  );
  const logged = await Promise.all(entries);
  for (const { step, change } of logged) if (change.prompts) layout.change(change.prompts, step + 1);
  const prompts = await withPictures(request.prompts, context);
  const whole: GuideRequest = {
    ...request,
    run,
    settings: { ...request.settings, checkpointEvery },
    prompts,
    beginnings: await Promise.all(
      (request.beginnings ?? []).map(async ({ prompts: others, ...b }) =>
        others ? { ...b, prompts: await withPictures(others, context) } : b,
      ),
    ),
    ...(start ? { plan: fitting(start, prompts) } : {}),
    script: logged,
    ...(resume ? { resume } : {}),
  };
  const heard: Heard = { said: new Map(), clean: false, changes: new ToldChanges() };
  try {
    for await (const event of engine.guide(whole, { signal })) {
      yield* layout.before(event);
      if (event.type === 'picture') yield* finished(event, title, extras, heard);
      else yield* told(event, title, heard);
    }
  } finally {
    stopListening();
  }
}
