/** An artist's own sketch as a plugin: numbers with bounds, and a function that draws them on a 2D canvas. Evolution finds the numbers that fit a prompt. */
import { type Canvas, createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import { z } from 'zod';
import type { Embeddings } from '../clip/batches.ts';
import { cosineTable, jointPercentile, percentiles, row } from '../engine/scores.ts';
import { failure } from '../errors.ts';
import { parsePrompt } from '../guidance/prompt/parse.ts';
import { type Cloud, candidate, draws, learned, usualPopulation } from '../guidance/snes.ts';
import { gaussian, seeded, seedFor } from '../random.ts';
import { definePlugin, type Plugin, type PluginContext } from './define.ts';
import type { PluginEvent } from './events.ts';
import { promptField, seedField, sizeField } from './fields.ts';
import { type PromptTargets, promptTargets } from './kit/prompt-targets.ts';
import type { Steer } from './steer.ts';

/** A 2D context as browsers have it. */
export type SketchCanvas = SKRSContext2D;

/** Numbers of a sketch, each between two bounds; one unless `count` says how many. */
export interface Gene {
  readonly low: number;
  readonly high: number;
  readonly count?: number;
}

export interface SketchFrame {
  /** The canvas is a square from 0 to `size` in both directions. */
  readonly size: number;
  /** Uniform numbers in [0, 1), the same ones in the same order for every drawing of a run: grain that does not evolve. */
  readonly random: () => number;
}

export interface Sketch<G extends Readonly<Record<string, Gene>>> {
  /** Lower case, with hyphens; the command's name. */
  readonly id: string;
  readonly title: string;
  /** One sentence. */
  readonly description: string;
  readonly version: string;
  readonly genes: G;
  /** Draws on a blank canvas of the paper's colour. */
  draw(context: SketchCanvas, genes: Readonly<Record<keyof G, readonly number[]>>, frame: SketchFrame): void;
  /** CSS colour behind the drawing. */
  readonly paper?: string;
}

const LOOKED_AT = 112;
const FIRST_SPREAD = 0.22;
/** Candidates never come closer together than this, or a steered run could not move any more. */
const LEAST_SPREAD = 0.01;
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

/** Places in 0..1 as the values of each gene. */
function expressed<G extends Readonly<Record<string, Gene>>>(
  genes: G,
  places: Float32Array,
): Record<keyof G, number[]> {
  let at = 0;
  const entries = Object.entries(genes).map(([name, { low, high, count = 1 }]) => {
    const own = [...places.subarray(at, at + count)].map((p) => low + (high - low) * Math.min(1, Math.max(0, p)));
    at += count;
    return [name, own] as const;
  });
  return Object.fromEntries(entries) as Record<keyof G, number[]>;
}

class Studio<G extends Readonly<Record<string, Gene>>> {
  private readonly sketch: Sketch<G>;
  private readonly seed: number;

  constructor(sketch: Sketch<G>, seed: number) {
    this.sketch = sketch;
    this.seed = seed;
  }

  private drawn(places: Float32Array, size: number): Canvas {
    const canvas = createCanvas(size, size);
    const context = canvas.getContext('2d');
    context.fillStyle = this.sketch.paper ?? '#faf7f0';
    context.fillRect(0, 0, size, size);
    this.sketch.draw(context, expressed(this.sketch.genes, places), { size, random: grain(this.seed) });
    return canvas;
  }
  async png(places: Float32Array, size: number): Promise<Uint8Array> {
    return this.drawn(places, size).encode('png');
  }
  async jpeg(places: Float32Array, size: number): Promise<Uint8Array> {
    return this.drawn(places, size).encode('jpeg', 90);
  }
}

/** Holds a run until somebody lets it go on. */
class Gate {
  closed = false;
  finished = false;
  private allowed = 0;
  private wake: () => void = () => undefined;

  obey(control: NonNullable<Steer['control']>): void {
    this.closed = control === 'pause' || control === 'step';
    if (control === 'step') this.allowed += 1;
    if (control === 'finish') this.finished = true;
    this.wake();
  }

  async passed(signal: AbortSignal): Promise<void> {
    while (this.closed && this.allowed === 0 && !signal.aborted)
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    if (this.closed) this.allowed -= 1;
  }
}

/** What the model says of candidates, best first by `fitness`. */
async function judged(
  pngs: readonly Uint8Array[],
  { targets, weights }: PromptTargets,
  captions: Embeddings,
  { engine, signal }: PluginContext,
): Promise<{ fitness: number[]; cosines: number[][]; standing: number[] }> {
  const rows = await engine.embedAll(
    pngs.map((bytes, i) => ({ bytes, name: `candidate ${i + 1}` })),
    { signal },
  );
  const cosines = cosineTable(rows, targets);
  const standing = cosines.map((c, i) => jointPercentile(percentiles(row(rows, i), captions, c), weights));
  const fitness = cosines.map((c) => c.reduce((sum, v, k) => sum + v * (weights[k] ?? 0), 0));
  return { fitness, cosines, standing };
}

async function* evolve<G extends Readonly<Record<string, Gene>>>(
  sketch: Sketch<G>,
  { prompt, generations, population, seed, size }: z.output<typeof parameters>,
  context: PluginContext,
): AsyncGenerator<PluginEvent, void, void> {
  let targets = await promptTargets(parsePrompt(prompt, context.random), context);
  const gate = new Gate();
  context.onSteer(async (steer) => {
    if (steer.rewind !== undefined || steer.paint !== undefined || steer.weights || steer.settings)
      throw failure('STEER_INVALID', {
        what: 'a sketch takes a new prompt, pauses, takes single steps and ends early',
      });
    if (steer.prompt !== undefined) targets = await promptTargets(parsePrompt(steer.prompt, context.random), context);
    if (steer.control) gate.obey(steer.control);
  });
  const captions = await context.engine.captions({ signal: context.signal });
  const studio = new Studio(sketch, seed);
  const dimension = Object.values(sketch.genes).reduce((sum, g) => sum + (g.count ?? 1), 0);
  const random = context.random;
  let cloud: Cloud = {
    mean: Float32Array.from({ length: dimension }, () => 0.5 + 0.15 * gaussian(random)),
    spread: new Float32Array(dimension).fill(FIRST_SPREAD),
  };
  let best = cloud.mean;
  for (let generation = 1; generation <= generations; generation++) {
    if (gate.closed) yield { type: 'paused', step: generation - 1 };
    await gate.passed(context.signal);
    context.signal.throwIfAborted();
    if (gate.finished) break;
    const z_ = draws(population || usualPopulation(dimension), dimension, random);
    const candidates = z_.map((zk) => candidate(cloud, zk));
    const pngs = await Promise.all(candidates.map((c) => studio.png(c, LOOKED_AT)));
    const { fitness, cosines, standing } = await judged(pngs, targets, captions, context);
    const first = fitness.indexOf(Math.max(...fitness));
    best = candidates[first] ?? best;
    const next = learned(
      cloud,
      z_,
      fitness.map((f) => -f),
    );
    cloud = {
      mean: next.mean.map((m) => Math.min(1, Math.max(0, m))),
      spread: next.spread.map((s) => Math.max(LEAST_SPREAD, Math.min(0.5, s))),
    };
    const named = (values: readonly number[]): Record<string, number> =>
      Object.fromEntries(values.map((v, i) => [targets.names[i] ?? `prompt ${i + 1}`, v]));
    yield { type: 'progress', done: generation, total: generations };
    yield {
      type: 'chart',
      x: generation,
      series: named(cosines[first] ?? []),
      percentiles: named(targets.names.map(() => standing[first] ?? 0)),
    };
    yield {
      type: 'frame',
      step: generation,
      width: FRAME,
      height: FRAME,
      mime: 'image/jpeg',
      bytes: await studio.jpeg(best, FRAME),
    };
  }
  yield {
    type: 'picture',
    title: `${sketch.title}: ${prompt}`,
    width: size,
    height: size,
    mime: 'image/png',
    bytes: await studio.png(best, size),
    record: {},
  };
}

/** Grain of a sketch: the same numbers for every candidate. */
const grain = (seed: number): (() => number) => seeded(seedFor(seed, 'grain'));
