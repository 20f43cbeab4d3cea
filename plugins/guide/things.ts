/** The things of a scene, each drawn by itself on a canvas of its own: one thing alone is drawn far better than one of two. */
import { randomUUID } from 'node:crypto';
import {
  aspectOf,
  aspectWithin,
  type GuideEvent,
  type PluginContext,
  type PluginEvent,
  printTargets,
  seedFor,
  sizesFor,
  withPictures,
} from '../../core/index.ts';
import { aloneAs, type Ready, ready, type Thing } from './drawing.ts';
import type { Parameters } from './parameters.ts';
import { requestOf } from './request.ts';
import type { Placed } from './scene.ts';
import { SceneSheet } from './sheet.ts';
import type { SceneSteering } from './steering.ts';

/** Of the steps that are asked for, those of each thing. */
const STEPS = 3 / 4;
/** Longer side of its picture, which is shown while it grows and kept nowhere, in pixels. */
const SIZE = 192;
/** Width by height of its canvas, at most and the other way round: models see squares. */
const WIDEST = 2;
const FRAME_EVERY = 8;

/** Finished things, and the drawer that made them. */
export interface Apart {
  readonly things: readonly Thing[];
  readonly drawer: Ready;
}

/** Throws what the engine's `guide` throws. */
export async function* drawnApart(
  p: Parameters,
  placed: readonly Placed[],
  steering: SceneSteering,
  context: PluginContext,
): AsyncGenerator<PluginEvent, Apart | undefined> {
  const sheet = new SceneSheet(p);
  const done: (Thing & { readonly drawer: Ready })[] = [];
  for (const [k, { region, ...thing }] of placed.entries()) {
    const own = aloneAs(p, seedFor(p.seed, `thing ${k + 1}`));
    const aspect = Math.min(WIDEST, Math.max(1 / WIDEST, aspectWithin(region, aspectOf(p.aspect))));
    const sizes = sizesFor(SIZE, aspect);
    const drawer = await ready(own, context, sizes);
    const again = (n: number) => drawer.again(seedFor(own.seed, `beginning ${n + 2}`));
    const request = await requestOf(
      { ...own, steps: Math.max(1, Math.round(STEPS * p.steps)), tidy: 0 },
      drawer,
      {
        prompts: await withPictures([{ ...thing, weight: 1 }], context),
        beginnings: Array.from({ length: p.tries - 1 }, (_, n) => again(n)),
      },
      context,
    );
    const run = `${printTargets(thing).slice(0, 60)} ${randomUUID()}`;
    const settings = { ...request.settings, frameEvery: FRAME_EVERY };
    const label = `drawing ${printTargets(thing)}, ${k + 1} of ${placed.length}`;
    for await (const event of context.engine.guide({ ...request, run, settings }, { signal: context.signal })) {
      steering.running = run;
      if (event.type === 'frame') yield await sheet.frame(event, region);
      else if (event.type === 'picture') done.push({ values: event.values, place: region, sizes, drawer });
      else yield* told(event, label);
    }
    steering.running = undefined;
    sheet.keep();
  }
  const [first] = done;
  return first && { things: done, drawer: first.drawer };
}

function told(event: GuideEvent, label: string): PluginEvent[] {
  switch (event.type) {
    case 'trying': {
      const { step: done, steps: total, beginning, of } = event;
      return [{ type: 'progress', done, total, label: `${label}: choosing a beginning, ${beginning} of ${of}` }];
    }
    case 'step':
      return [{ type: 'progress', done: event.step, total: event.steps, label }];
    case 'paused':
    case 'going':
      return [event];
    default:
      return [];
  }
}
