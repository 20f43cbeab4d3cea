/** Rows searched by cosine: they are sent to the model's process once, and again should it have been ended or have dropped them. */
import { randomUUID } from 'node:crypto';
import type { Embeddings } from '../clip/batches.ts';
import type { Nearest } from '../clip/nearest.ts';
import { failure } from '../errors.ts';

interface Call {
  readonly signal?: AbortSignal;
}
interface Part {
  readonly name: string;
  readonly count: number;
  readonly dimension: number;
  readonly from: number;
  readonly data: Float32Array;
  readonly graph?: Graph;
}
/** A graph of neighbours that is kept from search to search, and what names the rows in it: whole numbers that stay theirs. */
export interface Graph {
  readonly name: string;
  readonly ids: Float64Array;
}
interface Keeper {
  keep(part: Part, call: Call): Promise<void>;
  nearest(name: string, query: Float32Array, count: number, call: Call): Promise<Nearest | undefined>;
}

/** Numbers that are sent at once. */
const PART_NUMBERS = 4 << 20;

export class Neighbours {
  private readonly rows: Embeddings;
  private readonly keeper: Keeper;
  private readonly graph: Graph | undefined;
  private readonly name = randomUUID();

  /** `rows` are unit rows of one dimension, and must not change afterwards. With a graph they are searched approximately. */
  constructor(rows: Embeddings, keeper: Keeper, graph?: Graph) {
    this.rows = rows;
    this.keeper = keeper;
    this.graph = graph;
  }

  /** Sends the rows in parts, so that no message is large. */
  private async send(call: Call): Promise<void> {
    const { name, graph } = this;
    const { count, dimension, data } = this.rows;
    const each = Math.max(1, Math.floor(PART_NUMBERS / dimension));
    for (let from = 0; from < count; from += each) {
      const to = Math.min(count, from + each);
      const part = { name, count, dimension, from, data: data.subarray(from * dimension, to * dimension) };
      const named = graph ? { graph: { name: graph.name, ids: graph.ids.subarray(from, to) } } : {};
      await this.keeper.keep({ ...part, ...named }, call);
    }
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
    await this.send(call);
    return (await this.keeper.nearest(this.name, query, count, call)) ?? { indices: [], cosines: [] };
  }
}
