/** Rows searched by cosine: they are sent to the model's process once, and again should it have been ended or have dropped them. */
import { randomUUID } from 'node:crypto';
import type { Embeddings } from '../clip/batches.ts';
import type { Nearest } from '../clip/nearest.ts';
import { failure } from '../errors.ts';

interface Call {
  readonly signal?: AbortSignal;
}
interface Keeper {
  keep(name: string, rows: Embeddings, call: Call): Promise<void>;
  nearest(name: string, query: Float32Array, count: number, call: Call): Promise<Nearest | undefined>;
}

export class Neighbours {
  private readonly rows: Embeddings;
  private readonly keeper: Keeper;
  private readonly name = randomUUID();

  /** `rows` are unit rows of one dimension, and must not change afterwards. */
  constructor(rows: Embeddings, keeper: Keeper) {
    this.rows = rows;
    this.keeper = keeper;
  }

  /** The `count` rows nearest to a unit row, best first. Throws GRAPH_SHAPE for a query of another dimension. */
  async to(query: Float32Array, count: number, call: Call = {}): Promise<Nearest> {
    const { dimension } = this.rows;
    if (this.rows.count === 0) return { indices: [], cosines: [] };
    if (query.length !== dimension)
      throw failure('GRAPH_SHAPE', {
        where: 'a search for neighbours',
        what: `the query has ${query.length} numbers and the rows have ${dimension}; embed both with the same model`,
      });
    const found = await this.keeper.nearest(this.name, query, count, call);
    if (found) return found;
    await this.keeper.keep(this.name, this.rows, call);
    return (await this.keeper.nearest(this.name, query, count, call)) ?? { indices: [], cosines: [] };
  }
}
