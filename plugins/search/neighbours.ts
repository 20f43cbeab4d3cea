/** Neighbours of a query: exact among few rows, through a graph of neighbours (HNSW, by usearch) among many. */
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import usearch from 'usearch';
import type { Embeddings, PluginContext } from '../../core/index.ts';
import { row } from '../../core/index.ts';
import type { Known } from './index-store.ts';

export interface Neighbours {
  to(
    query: Float32Array,
    count: number,
    call: { readonly signal: AbortSignal },
  ): Promise<{ readonly indices: readonly number[]; readonly cosines: readonly number[] }>;
}

const THREADS = 2;
const CONNECTIVITY = 16;
/** More are asked for than are wanted, since filters and forgotten rows take some away. */
const SPARE = 64;

/** A graph that is kept beside the index: what is new is added, what is gone is passed over. */
async function graphOf(rows: Embeddings, files: readonly Known[], path: string): Promise<Neighbours> {
  const { dimension } = rows;
  const made = () =>
    new usearch.Index({
      metric: 'ip',
      quantization: 'f32',
      dimensions: dimension,
      connectivity: CONNECTIVITY,
    } as never); // its types ask for search settings that have defaults
  let index = made();
  const file = `${path}.usearch`;
  if (existsSync(file))
    try {
      index.load(file);
    } catch {
      // A file of another version is made anew.
      index = made();
    }
  const places = new Map(files.map(({ id }, i) => [BigInt(id), i] as const));
  const missing = [...places].filter(([id]) => !index.contains(id));
  if (missing.length > 0) {
    const keys = BigUint64Array.from(missing.map(([id]) => id));
    const data = new Float32Array(missing.length * dimension);
    for (const [k, [, place]] of missing.entries()) data.set(row(rows, place), k * dimension);
    index.add(keys, data, THREADS);
    const aside = `${file}.part`;
    try {
      index.save(aside);
      await rename(aside, file);
    } finally {
      await rm(aside, { force: true });
    }
  }
  return {
    to: async (query, count) => {
      const { keys } = index.search(query, Math.min(index.size(), 4 * count + SPARE), THREADS);
      const found = [...keys].flatMap((key) => {
        const place = places.get(key);
        return place === undefined ? [] : [place];
      });
      const scored = found.map((place) => {
        const own = row(rows, place);
        return { place, cosine: query.reduce((sum, v, i) => sum + v * (own[i] ?? 0), 0) };
      });
      const best = scored.sort((a, b) => b.cosine - a.cosine).slice(0, count);
      return { indices: best.map((b) => b.place), cosines: best.map((b) => b.cosine) };
    },
  };
}

/** Exact up to so many rows. A filter that leaves few of them is exact, too. */
export async function neighboursOf(
  rows: Embeddings,
  files: readonly Known[],
  { path, exactUpTo }: { readonly path: string; readonly exactUpTo: number },
  { engine }: PluginContext,
): Promise<Neighbours> {
  return rows.count <= exactUpTo ? engine.neighbours(rows) : graphOf(rows, files, path);
}
