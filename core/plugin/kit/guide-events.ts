/** A guidance run as a plugin's events: frames, a score chart, progress, checkpoints and the finished picture; steering goes to the run. */
import sharp from 'sharp';
import type { PictureSource } from '../../engine/requests.ts';
import { failure } from '../../errors.ts';
import { parsePrompt } from '../../guidance/prompt/parse.ts';
import { printPrompt } from '../../guidance/prompt/print.ts';
import type {
  Change,
  Checkpoint,
  Command,
  GuideEvent,
  GuideRequest,
  LogEntry,
  Prompt,
  PromptItem,
} from '../../guidance/protocol.ts';
import type { PluginContext } from '../define.ts';
import type { PluginEvent } from '../events.ts';
import type { Steer } from '../steer.ts';

/** The pictures that prompts name, found and checked by the host. */
async function withPictures(prompts: readonly Prompt[], { pictures }: PluginContext): Promise<Prompt[]> {
  const found = async (source: PromptItem['picture']): Promise<PromptItem['picture']> =>
    source && 'path' in source ? (await pictures([source.path]))[0] : source;
  const item = async (i: PromptItem): Promise<PromptItem> => {
    const [picture, style] = [await found(i.picture), await found(i.style)];
    return { ...i, ...(picture ? { picture } : {}), ...(style ? { style } : {}) };
  };
  return Promise.all(
    prompts.map(async (p) => ({
      ...p,
      targets: await Promise.all(p.targets.map((target) => Promise.all(target.map(item)))),
    })),
  );
}

async function changeOf(steer: Steer, context: PluginContext): Promise<Change> {
  const { prompt, settings, weights, paint, control } = steer;
  return {
    ...(prompt === undefined ? {} : { prompts: await withPictures(parsePrompt(prompt), context) }),
    ...(settings ? { settings } : {}),
    ...(weights ? { weights } : {}),
    ...(paint === undefined ? {} : { paint: paint === null ? null : ((await context.pictures([paint]))[0] ?? null) }),
    ...(control === 'finish' ? { finish: true as const } : {}),
  };
}

async function commandOf(steer: Steer, context: PluginContext): Promise<Command> {
  if (steer.rewind !== undefined) return { kind: 'rewind', step: steer.rewind };
  if (steer.control && steer.control !== 'finish') return { kind: steer.control };
  const prompts = steer.prompt === undefined ? undefined : parsePrompt(steer.prompt, context.random);
  // Wildcards are chosen here and now, so that the log says what was chosen.
  const plain: Steer = prompts ? { ...steer, prompt: printPrompt(prompts) } : steer;
  return { kind: 'change', change: await changeOf(plain, context), note: { ...plain } };
}

const image = ({ width, height, bytes }: Extract<GuideEvent, { type: 'frame' | 'picture' }>) => ({
  width,
  height,
  bytes,
});

function told(event: GuideEvent, title: string): PluginEvent[] {
  switch (event.type) {
    case 'step': {
      const named = (values: readonly number[]): Record<string, number> =>
        Object.fromEntries(values.map((v, i) => [event.prompts[i] ?? `prompt ${i + 1}`, v]));
      return [
        { type: 'progress', done: event.step, total: event.steps },
        { type: 'chart', x: event.step, series: named(event.cosines), percentiles: named(event.percentiles) },
      ];
    }
    case 'frame':
      return [{ type: 'frame', step: event.step, mime: 'image/jpeg', ...image(event) }];
    case 'picture':
      return [{ type: 'picture', title, mime: 'image/png', ...image(event), record: { ...event.record } }];
    case 'checkpoint': {
      const script = event.script.map(({ step, note }) => ({ step, steer: note ?? null }));
      return [{ type: 'checkpoint', checkpoint: event.checkpoint, script }];
    }
    case 'paused':
    case 'rewound':
      return [event];
    default:
      return [];
  }
}

interface Extras {
  /** A picture that the drawing is fitted to first, and for how many steps. */
  readonly start?: { readonly picture: PictureSource; readonly steps: number };
  /** The finished drawing as SVG, where it can be had. */
  readonly svg?: (values: Checkpoint['values']) => string | undefined;
}

/** The drawing takes over a picture before any prompt pulls. */
const fitting = ({ picture, steps }: NonNullable<Extras['start']>, prompts: Prompt[]): LogEntry[] => [
  { step: 0, change: { prompts: [], paint: picture } },
  { step: steps, change: { prompts, paint: null } },
];

type Picture = Extract<GuideEvent, { type: 'picture' }>;
/** A picture whose layers did not fit into memory at its size is made from its SVG. */
async function atFullSize(picture: Picture, svg: string): Promise<Picture> {
  const drawing = sharp(Buffer.from(svg));
  const { width, height } = await drawing.metadata();
  if (width <= picture.width) return picture;
  return { ...picture, width, height, bytes: await drawing.removeAlpha().png({ compressionLevel: 9 }).toBuffer() };
}

/** `title` names the finished picture. */
export async function* guideEvents(
  context: PluginContext,
  title: string,
  request: Omit<GuideRequest, 'run' | 'script' | 'resume' | 'plan'>,
  { start, svg }: Extras = {},
): AsyncGenerator<PluginEvent, void, void> {
  const { engine, signal, onSteer, random, script, resume, checkpointEvery } = context;
  const run = `${title.slice(0, 60)} ${random()}`;
  onSteer(async (steer) => engine.steer({ run, command: await commandOf(steer, context) }));
  const entries = script.map(
    async ({ step, steer }): Promise<LogEntry> => ({
      step,
      change: await changeOf(steer, context),
      note: { ...steer },
    }),
  );
  if (request.prompts.every((p) => p.weight <= 0))
    throw failure('PROMPT_INVALID', {
      prompt: printPrompt(request.prompts),
      what: 'everything in it pushes away, so nothing says what to draw; add a part with a weight above zero',
    });
  const prompts = await withPictures(request.prompts, context);
  const whole: GuideRequest = {
    ...request,
    run,
    settings: { ...request.settings, checkpointEvery },
    prompts,
    ...(start ? { plan: fitting(start, prompts) } : {}),
    script: await Promise.all(entries),
    ...(resume ? { resume } : {}),
  };
  for await (const event of engine.guide(whole, { signal })) {
    const drawing = event.type === 'picture' ? svg?.(event.values) : undefined;
    if (event.type === 'picture' && drawing !== undefined) {
      const whole = await atFullSize(event, drawing);
      yield {
        type: 'picture',
        title,
        mime: 'image/svg+xml',
        ...image(whole),
        bytes: new TextEncoder().encode(drawing),
      };
      yield* told(whole, title);
    } else yield* told(event, title);
  }
}
