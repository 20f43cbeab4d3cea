/** Indexed rows that stay in this process between searches; those that were used longest ago make room. */
import type { Embeddings } from '../clip/batches.ts';
import { type Nearest, RowIndex } from '../clip/nearest.ts';

const BYTES_LIMIT = 2 ** 30;

export class Shelf {
  private readonly threads: number;
  private readonly kept = new Map<string, RowIndex>();

  constructor(threads: number) {
    this.threads = threads;
  }

  async keep(name: string, rows: Embeddings): Promise<void> {
    const index = await RowIndex.of(rows, this.threads);
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
