/** A guidance run as a plugin's events: frames, a score chart, progress, checkpoints and the finished picture; steering goes to the run. */
import { parsePrompt } from '../../guidance/prompt/parse.ts';
import { printPrompt } from '../../guidance/prompt/print.ts';
import type {
  Change,
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
      return [{ ...event, mime: 'image/jpeg' }];
    case 'picture':
      return [{ ...event, title, mime: 'image/png', record: { ...event.record } }];
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

/** `title` names the finished picture. */
export async function* guideEvents(
  context: PluginContext,
  title: string,
  request: Omit<GuideRequest, 'run' | 'script' | 'resume'>,
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
  const whole: GuideRequest = {
    ...request,
    run,
    settings: { ...request.settings, checkpointEvery },
    prompts: await withPictures(request.prompts, context),
    script: await Promise.all(entries),
    ...(resume ? { resume } : {}),
  };
  for await (const event of engine.guide(whole, { signal })) yield* told(event, title);
}
