/** Indexed rows that stay in this process between searches; those that were used longest ago make room. */
import type { Embeddings } from '../clip/batches.ts';
import { type Nearest, RowIndex } from '../clip/nearest.ts';
import { failure } from '../errors.ts';
import { NeighbourGraph } from './neighbour-graph.ts';

const BYTES_LIMIT = 2 ** 30;
/** Rows that may be on their way at once. */
const ARRIVING = 4;

interface Arriving {
  readonly rows: Embeddings;
  readonly ids: Float64Array | undefined;
  have: number;
}
/** A part of rows that come in several, from the first on. */
export interface Part {
  readonly name: string;
  /** Rows in all. */
  readonly count: number;
  readonly dimension: number;
  /** The place of the first row of this part. */
  readonly from: number;
  readonly data: Float32Array;
  /** Where they are to be searched through a graph that is kept: its name, and the part's own names for its rows. */
  readonly graph?: { readonly name: string; readonly ids: Float64Array };
}

export class Shelf {
  private readonly threads: number;
  private readonly kept = new Map<string, RowIndex | NeighbourGraph>();
  private readonly arriving = new Map<string, Arriving>();

  constructor(threads: number) {
    this.threads = threads;
  }

  /** Takes a part; with the last one the rows can be searched. Throws GRAPH_SHAPE when it does not follow what came before. */
  async keep({ name, count, dimension, from, data, graph }: Part): Promise<void> {
    if (from === 0) this.begin(name, { count, dimension, named: graph !== undefined });
    const begun = this.arriving.get(name);
    const { rows, ids, have } = begun ?? {};
    const fits = rows?.count === count && rows.dimension === dimension && have === from;
    if (!begun || !fits || data.length % dimension !== 0 || from * dimension + data.length > rows.data.length)
      throw failure('GRAPH_SHAPE', {
        where: 'rows that are kept',
        what: 'this part does not follow the one before it',
      });
    begun.rows.data.set(data, from * dimension);
    if (graph) ids?.set(graph.ids.subarray(0, count - from), from);
    begun.have += data.length / dimension;
    if (begun.have < count) return;
    this.arriving.delete(name);
    const index =
      graph && ids
        ? await NeighbourGraph.of(begun.rows, { name: graph.name, ids }, this.threads)
        : await RowIndex.of(begun.rows, this.threads);
    await this.shelve(name, index);
  }

  private begin(name: string, { count, dimension, named }: { count: number; dimension: number; named: boolean }): void {
    const data = new Float32Array(count * dimension);
    this.arriving.set(name, {
      rows: { count, dimension, data },
      ids: named ? new Float64Array(count) : undefined,
      have: 0,
    });
    const [oldest] = this.arriving.size > ARRIVING ? this.arriving.keys() : [];
    if (oldest !== undefined) this.arriving.delete(oldest);
  }

  private async shelve(name: string, index: RowIndex | NeighbourGraph): Promise<void> {
    await this.kept.get(name)?.release();
    this.kept.delete(name);
    this.kept.set(name, index);
    let bytes = [...this.kept.values()].reduce((sum, i) => sum + i.bytes, 0);
    for (const [other, old] of this.kept) {
      if (bytes <= BYTES_LIMIT || other === name) break;
      this.kept.delete(other);
      bytes -= old.bytes;
      await old.release();
    }
  }

  /** Nothing when the rows are not here: they are to be sent again. */
  async nearest(name: string, query: Float32Array, count: number): Promise<Nearest | undefined> {
    const index = this.kept.get(name);
    if (!index) return undefined;
    this.kept.delete(name);
    this.kept.set(name, index);
    return index.nearest(query, count);
  }
}
