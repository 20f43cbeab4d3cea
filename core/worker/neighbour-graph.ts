/** Neighbours found approximately, through a graph of neighbours (HNSW, by usearch) that is kept among caches and grows with what is new. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Embeddings } from '../clip/batches.ts';
import type { Nearest } from '../clip/nearest.ts';
import { writeAside } from '../files.ts';
import { usearch } from '../native.ts';
import { cacheFolder } from '../places.ts';

const CONNECTIVITY = 16;
/** More are asked for than are wanted: rows that the graph knows from other searches take some away. */
const SPARE = 64;

type Graph = InstanceType<ReturnType<typeof usearch>['Index']>;

async function sumOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

/** A graph's file is loaded only when its checksum is right: the library trusts what it reads. */
async function load(graph: Graph, file: string): Promise<boolean> {
  try {
    if (!existsSync(file) || (await readFile(`${file}.sha256`, 'utf8')) !== (await sumOf(file))) return false;
    graph.load(file);
    return true;
  } catch {
    return false;
  }
}

async function save(graph: Graph, file: string): Promise<void> {
  const aside = `${file}.${process.pid}.part`;
  try {
    await mkdir(dirname(file), { recursive: true });
    graph.save(aside);
    const sum = await sumOf(aside);
    await rename(aside, file);
    await writeAside(`${file}.sha256`, sum);
  } catch {
    // It is made again by whoever needs it next.
    await rm(aside, { force: true }).catch(() => undefined);
  }
}

export class NeighbourGraph {
  readonly bytes: number;
  private readonly rows: Embeddings;
  private readonly graph: Graph;
  private readonly places: ReadonlyMap<bigint, number>;
  private readonly threads: number;

  private constructor(rows: Embeddings, { graph, ids, threads }: { graph: Graph; ids: Float64Array; threads: number }) {
    this.rows = rows;
    this.graph = graph;
    this.threads = threads;
    this.places = new Map([...ids].map((id, i) => [BigInt(id), i] as const));
    this.bytes = 2 * rows.data.byteLength;
  }

  /** `ids` name the rows from search to search, `name` the graph. */
  static async of(
    rows: Embeddings,
    { name, ids }: { readonly name: string; readonly ids: Float64Array },
    threads: number,
  ): Promise<NeighbourGraph> {
    const { dimension } = rows;
    const make = (): Graph =>
      new (usearch().Index)({
        metric: 'ip',
        quantization: 'f32',
        dimensions: dimension,
        connectivity: CONNECTIVITY,
      } as never); // its types ask for search settings that have defaults
    const folder = cacheFolder();
    const file = folder && join(folder, 'graphs', `${name}-${dimension}.usearch`);
    const kept = make();
    const graph = file && (await load(kept, file)) ? kept : make();
    const missing = [...ids].flatMap((id, place) => (graph.contains(BigInt(id)) ? [] : [{ id: BigInt(id), place }]));
    if (missing.length > 0) {
      const data = new Float32Array(missing.length * dimension);
      for (const [k, { place }] of missing.entries())
        data.set(rows.data.subarray(place * dimension, (place + 1) * dimension), k * dimension);
      graph.add(
        BigUint64Array.from(missing, ({ id }) => id),
        data,
        threads,
      );
      if (file) await save(graph, file);
    }
    return new NeighbourGraph(rows, { graph, ids, threads });
  }

  async nearest(query: Float32Array, count: number): Promise<Nearest> {
    const { dimension, data } = this.rows;
    const size = this.graph.size();
    let found: number[] = [];
    for (let asked = Math.min(size, 4 * count + SPARE); ; asked = Math.min(size, 4 * asked)) {
      const { keys } = this.graph.search(query, asked, this.threads);
      found = [...keys].flatMap((key) => this.places.get(key) ?? []);
      // Others' rows may crowd out these.
      if (found.length >= Math.min(count, this.rows.count) || asked >= size) break;
    }
    // A graph gives what it finds: where that is fewer than were asked for, all are looked at.
    if (found.length < Math.min(count, this.rows.count)) found = Array.from({ length: this.rows.count }, (_, i) => i);
    const scored = found.map((place) => {
      let cosine = 0;
      for (let i = 0; i < dimension; i++) cosine += (query[i] ?? 0) * (data[place * dimension + i] ?? 0);
      return { place, cosine };
    });
    const best = scored.sort((a, b) => b.cosine - a.cosine || a.place - b.place).slice(0, count);
    return { indices: best.map((b) => b.place), cosines: best.map((b) => b.cosine) };
  }

  async release(): Promise<void> {
    // Nothing is held outside of this object.
  }
}
