/** An artist's own sketch as a plugin: numbers with bounds, and a function that draws them on a 2D canvas. Evolution finds the numbers that fit a prompt. */
import { z } from 'zod';
import { definePlugin, type Plugin, type PluginContext } from './define.ts';
import type { PluginEvent } from './events.ts';
import { Evolution, Studio } from './evolution.ts';
import { promptField, seedField, sizeField } from './fields.ts';
import type { Gene, Sketch } from './sketch-shape.ts';

const FRAME = 320;

const parameters = z.object({
  prompt: promptField(),
  generations: z.int().min(1).max(2000).default(120).meta({
    title: 'Generations',
    description: 'How often the candidates are judged and new ones drawn',
  }),
  population: z.int().min(0).max(256).default(0).meta({
    title: 'Population',
    description: 'Candidates in each generation; 0 for as many as is usual',
    advanced: true,
  }),
  seed: seedField(),
  size: sizeField(),
});

/** A sketch as a plugin: export it as the default of a file in a plugins folder. */
export function defineSketch<G extends Readonly<Record<string, Gene>>>(sketch: Sketch<G>): Plugin<typeof parameters> {
  return definePlugin({
    id: sketch.id,
    title: sketch.title,
    description: sketch.description,
    version: sketch.version,
    steerable: true,
    parameters,
    run: (given, context) => evolve(sketch, given, context),
  });
}

async function* evolve<G extends Readonly<Record<string, Gene>>>(
  sketch: Sketch<G>,
  given: z.output<typeof parameters>,
  context: PluginContext,
): AsyncGenerator<PluginEvent, void, void> {
  const { prompt, generations, seed, size } = given;
  const { signal, checkpointEvery } = context;
  const run = await Evolution.begin(sketch, given, context);
  context.onSteer((steer) => run.steer(steer));
  const studio = new Studio(sketch, seed);
  const frame = async (): Promise<PluginEvent> => ({
    type: 'frame',
    step: run.place.generation,
    width: FRAME,
    height: FRAME,
    mime: 'image/jpeg',
    bytes: await studio.jpeg(run.place.best, FRAME),
  });
  let held = false;
  while (run.place.generation < generations) {
    if (await run.due()) {
      yield { type: 'rewound', step: run.place.generation };
      yield await frame();
    }
    if (run.gate.closed !== held) yield { type: run.gate.closed ? 'paused' : 'going', step: run.place.generation };
    held = run.gate.closed;
    const stirred = await run.gate.passed(signal);
    signal.throwIfAborted();
    if (run.waiting || (stirred && run.gate.closed)) continue;
    if (run.gate.finished) break;
    const { targets } = run;
    const { cosines, standing } = await run.advance(studio);
    const named = (values: readonly number[]): Record<string, number> =>
      Object.fromEntries(values.map((v, i) => [targets.names[i] ?? `prompt ${i + 1}`, v]));
    const done = run.place.generation;
    yield { type: 'progress', done, total: generations };
    yield { type: 'chart', x: done, series: named(cosines), percentiles: named(targets.names.map(() => standing)) };
    yield await frame();
    if (checkpointEvery > 0 && done % checkpointEvery === 0) yield run.checkpoint();
  }
  yield {
    type: 'picture',
    title: `${sketch.title}: ${prompt}`,
    width: size,
    height: size,
    mime: 'image/png',
    bytes: await studio.png(run.place.best, size),
    record: { steps: run.place.generation, script: run.script.map(({ step, steer }) => ({ step, change: steer })) },
  };
}
