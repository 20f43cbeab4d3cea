/** What a model is made of, for people: files, operators, what is supported, how fast it is here. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlainError } from '../errors.ts';
import { plainError } from '../errors.ts';
import { isSupported, sizeOf } from '../graph/index.ts';
import { bytesFor } from '../graph/types.ts';
import { readGraph } from './folder.ts';
import type { ClipModel, ModelInfo } from './model.ts';
import { couldHold } from './towers.ts';

export interface GraphSummary {
  readonly file: string;
  readonly bytes: number;
  readonly weightBytes: number;
  /** Numbers that were trained, all weights together. */
  readonly parameters: number;
  readonly towers: readonly ('image' | 'text')[];
  /** How often each operator stands in the graph. */
  readonly operators: Readonly<Record<string, number>>;
  readonly unsupported: readonly string[];
}

export interface Inspection {
  readonly info: ModelInfo;
  readonly graphs: readonly GraphSummary[];
  /** Milliseconds for one picture: its embedding, and a gradient; absent where there is no image tower, or `speedError` says why. */
  readonly embedMs?: number;
  readonly gradientMs?: number;
  readonly speedError?: PlainError;
}

async function summary(model: ClipModel, file: string): Promise<GraphSummary> {
  const graph = await readGraph(model.folder, file);
  const operators: Record<string, number> = {};
  for (const { operator } of graph.nodes) operators[operator] = (operators[operator] ?? 0) + 1;
  const weights = [...graph.initialisers.values()];
  return {
    file,
    bytes: (await stat(join(model.folder.graphs, file))).size,
    weightBytes: weights.reduce((n, w) => n + bytesFor(w.dtype, sizeOf(w.shape)), 0),
    parameters: weights.reduce((n, w) => n + sizeOf(w.shape), 0),
    towers: (['image', 'text'] as const).filter((kind) => couldHold(graph, kind)),
    operators: Object.fromEntries(Object.entries(operators).sort(([a], [b]) => (a < b ? -1 : 1))),
    unsupported: Object.keys(operators)
      .filter((o) => !isSupported(o))
      .sort(),
  };
}

const REPEATS = 5;
async function median(work: () => Promise<unknown>): Promise<number> {
  await work();
  const times: number[] = [];
  for (let i = 0; i < REPEATS; i++) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[REPEATS >> 1] ?? 0;
}

async function speeds(
  model: ClipModel,
  { side, dimension = 1 }: ModelInfo,
): Promise<{ embedMs: number; gradientMs: number }> {
  const pixels = new Float32Array(3 * side * side).fill(0.1);
  const eye = await model.guidingEye();
  const guided = new Float32Array(3 * (await eye.side()) ** 2).fill(0.1);
  const against = { count: 1, dimension, data: new Float32Array(dimension).fill(1) };
  return {
    embedMs: await median(() => model.embedPixels(pixels, 1)),
    gradientMs: await median(() => eye.pixelGradient(guided, 1, against, Float32Array.of(1))),
  };
}

/** Throws what opening the model throws; a graph that runs but cannot be differentiated is told in `speedError`. */
export async function inspect(model: ClipModel): Promise<Inspection> {
  const info = await model.info();
  const { vision, text, combined, guiding } = model.folder;
  const graphs: GraphSummary[] = [];
  for (const file of [vision, guiding?.file, text, combined]) if (file) graphs.push(await summary(model, file));
  if (!info.towers.includes('image')) return { info, graphs };
  try {
    return { info, graphs, ...(await speeds(model, info)) };
  } catch (thrown) {
    return { info, graphs, speedError: plainError(thrown) };
  }
}
