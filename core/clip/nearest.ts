/** Exact nearest neighbours by cosine: one product of all rows with the query, the rows staying where the session reads them. */
import type { Session } from '../graph/index.ts';
import { compile, trace } from '../graph/index.ts';
import { float32, floatsOf } from '../graph/session.ts';
import type { Embeddings } from './batches.ts';

/** Places of the nearest rows and their cosines with the query, best first; equal ones in the order of the rows. */
export interface Nearest {
  readonly indices: readonly number[];
  readonly cosines: readonly number[];
}

/** How many more places than wanted are kept before they are sorted. */
const SLACK = 64;

/** The places of the `count` greatest values, greatest first. */
export function greatest(values: Float32Array, count: number): number[] {
  if (count <= 0) return [];
  const order = (a: number, b: number): number => (values[b] ?? 0) - (values[a] ?? 0) || a - b;
  let best: number[] = [];
  let bound = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    if ((values[i] ?? 0) <= bound) continue;
    best.push(i);
    // Sorted now and then, so that what cannot be among the best is passed over.
    if (best.length < 2 * count + SLACK) continue;
    best = best.sort(order).slice(0, count);
    bound = values[best.at(-1) ?? 0] ?? bound;
  }
  return best.sort(order).slice(0, count);
}
/** Unit rows that are searched again and again. */
export class RowIndex {
  readonly bytes: number;
  private readonly session: Session;
  private readonly rows: ReturnType<typeof float32>;

  private constructor(session: Session, { count, dimension, data }: Embeddings) {
    this.session = session;
    this.rows = float32(data, [count, dimension]);
    this.bytes = data.byteLength;
  }

  static async of(rows: Embeddings, threads: number): Promise<RowIndex> {
    const { count, dimension } = rows;
    const graph = trace(`cosines of ${count} rows`, (t) => ({
      cosines: t.input('rows', [count, dimension]).matmul(t.input('query', [dimension, 1])),
    }));
    return new RowIndex(await compile(graph, { threads }), rows);
  }

  /** `query` is a unit row. */
  async nearest(query: Float32Array, count: number): Promise<Nearest> {
    const out = await this.session.run({ rows: this.rows, query: float32(query, [query.length, 1]) });
    const cosines = floatsOf(out['cosines']);
    const indices = greatest(cosines, count);
    return { indices, cosines: indices.map((i) => cosines[i] ?? 0) };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
