/** Rows of an embedding laid out on a plane by UMAP, the same from the same seed. */
import { setImmediate } from 'node:timers/promises';
import { UMAP } from 'umap-js';
import type { Embeddings, PluginContext, PluginEvent } from '../../core/index.ts';
import { row } from '../../core/index.ts';

/** In shares of the plane, 0..1. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** How close UMAP packs what is alike, in units of its plane. */
const PACKED = 0.25;
/** Rows, or epochs, between two words on how far it is. */
const TOLD_EVERY = 50;
/** UMAP needs some rows; fewer stand in a line. */
const FEWEST = 5;

interface Nearest {
  readonly indices: number[][];
  readonly distances: number[][];
}

/** The neighbours of each row, itself the first, by one minus the cosine. */
async function* nearest(
  rows: Embeddings,
  count: number,
  { engine, signal }: PluginContext,
): AsyncGenerator<PluginEvent, Nearest> {
  const among = engine.neighbours(rows);
  const [indices, distances]: [number[][], number[][]] = [[], []];
  for (let i = 0; i < rows.count; i++) {
    const found = await among.to(row(rows, i), count + 1, { signal });
    const others = [...found.indices].map((index, k) => ({ index, far: Math.max(0, 1 - (found.cosines[k] ?? 0)) }));
    // One that is there twice may come before itself.
    const own = others.filter(({ index }) => index !== i).slice(0, count - 1);
    indices.push([i, ...own.map(({ index }) => index)]);
    distances.push([0, ...own.map(({ far }) => far)]);
    if (i % TOLD_EVERY === 0) yield { type: 'progress', done: i, total: rows.count, label: 'finding neighbours' };
  }
  return { indices, distances };
}

/** Fills the plane in both directions, each by itself no more than twice as much as the other. */
function fitted(points: readonly (readonly number[])[]): Place[] {
  const along = (axis: number): { readonly low: number; readonly length: number } => {
    const values = points.map((p) => p[axis] ?? 0);
    const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
    return { low, length: high - low || 1 };
  };
  const [x, y] = [along(0), along(1)];
  const [wide, tall] = [Math.max(x.length, y.length / 2), Math.max(y.length, x.length / 2)];
  return points.map(([px = 0, py = 0]) => ({
    x: (px - x.low + (wide - x.length) / 2) / wide,
    y: (py - y.low + (tall - y.length) / 2) / tall,
  }));
}

/** A place for each row. */
export async function* plane(
  rows: Embeddings,
  neighbours: number,
  context: PluginContext,
): AsyncGenerator<PluginEvent, Place[]> {
  if (rows.count < FEWEST) return Array.from({ length: rows.count }, (_, i) => ({ x: (i + 0.5) / rows.count, y: 0.5 }));
  const count = Math.min(neighbours, rows.count - 1);
  const { indices, distances } = yield* nearest(rows, count, context);
  const umap = new UMAP({ nComponents: 2, nNeighbors: count, minDist: PACKED, random: context.random });
  umap.setPrecomputedKNN(indices, distances);
  const epochs = umap.initializeFit(Array.from({ length: rows.count }, (_, i) => [...row(rows, i)]));
  for (let epoch = 0; epoch < epochs; epoch++) {
    umap.step();
    if (epoch % TOLD_EVERY !== 0) continue;
    yield { type: 'progress', done: epoch, total: epochs, label: 'laying them out' };
    await setImmediate();
    context.signal.throwIfAborted();
  }
  return fitted(umap.getEmbedding());
}
