/** An index of pictures: embeddings by path, with what tells whether a file has changed. It is kept by the host; what is lost of it is worked out again. */
import type { Embeddings, Note, PictureSource, PluginContext, PluginStore } from '../../core/index.ts';
import { noteOf, pictureName } from '../../core/index.ts';

export interface Known {
  /** Its own for as long as the row stays the same. */
  readonly id: number;
  readonly path: string;
  readonly changed: number;
  readonly size: number;
  /** See `stat` of the context. */
  readonly state: number;
}
/** A picture that cannot be read has an empty row, and is tried again only when its file changes. */
interface Entry extends Known {
  readonly row: Uint8Array;
}

/** Where the next id is kept; no path begins so. */
const NEXT = '\0next';
const CHUNK = 512;
/** Faults that are the picture's own. */
const FINAL: ReadonlySet<string> = new Set(['PICTURE_UNREADABLE', 'PICTURE_TOO_LARGE']);
/** The id, the time of change, the size and the state come before the row, as numbers of 8 bytes each. */
const HEAD = 32;

function encoded({ id, changed, size, state, row }: Omit<Entry, 'path'>): Uint8Array {
  const bytes = new Uint8Array(HEAD + row.byteLength);
  bytes.set(new Uint8Array(Float64Array.of(id, changed, size, state).buffer));
  bytes.set(row, HEAD);
  return bytes;
}

function decoded(path: string, bytes: Uint8Array): Entry | undefined {
  if (bytes.byteLength < HEAD) return undefined;
  const [id = 0, changed = 0, size = 0, state = 0] = new Float64Array(Uint8Array.from(bytes.subarray(0, HEAD)).buffer);
  return { id, path, changed, size, state, row: bytes.subarray(HEAD) };
}

export class Index {
  private readonly store: PluginStore;
  private readonly entries = new Map<string, Entry>();
  private next = 0;

  /** Names the graph of neighbours that belongs to it. */
  readonly name: string;

  private constructor(store: PluginStore, name: string) {
    this.store = store;
    this.name = name;
  }

  /** One index a model. */
  static async open({ engine, store, signal }: PluginContext): Promise<Index> {
    const { hash } = await engine.info({ signal });
    const name = `index2-${hash.slice(0, 16)}`;
    return new Index(store(name), name);
  }

  private async load(paths: readonly string[]): Promise<void> {
    const [next] = await this.store.get([NEXT]);
    this.next = (next && decoded(NEXT, next)?.id) ?? 0;
    for (let from = 0; from < paths.length; from += CHUNK) {
      const part = paths.slice(from, from + CHUNK);
      for (const [i, bytes] of (await this.store.get(part)).entries()) {
        const path = part[i] ?? '';
        const entry = bytes && decoded(path, bytes);
        if (entry) this.entries.set(path, entry);
      }
    }
    // Should the next id have been lost, those that are taken say what it was at least.
    for (const { id } of this.entries.values()) this.next = Math.max(this.next, id + 1);
  }

  /** Brings the index up to date for these pictures; tells how far it is, and what could not be read. */
  async *update(
    pictures: readonly PictureSource[],
    { engine, stat, signal }: PluginContext,
  ): AsyncGenerator<{ readonly done: number; readonly notes: readonly Note[] }> {
    const paths = pictures.map(pictureName);
    await this.load(paths);
    const stale: Omit<Known, 'id'>[] = [];
    for (let from = 0; from < paths.length; from += CHUNK) {
      const part = paths.slice(from, from + CHUNK);
      for (const [i, facts] of (await stat(part)).entries()) {
        const [path, now] = [part[i] ?? '', facts ?? { changed: 0, size: 0, state: 0 }];
        const known = this.entries.get(path);
        const same = known?.changed === now.changed && known.size === now.size && known.state === now.state;
        if (!same) stale.push({ path, ...now });
      }
    }
    let done = paths.length - stale.length;
    yield { done, notes: [] };
    for (let from = 0; from < stale.length; from += CHUNK) {
      const part = stale.slice(from, from + CHUNK);
      for await (const batch of engine.embedPictures(
        part.map(({ path }) => ({ path })),
        { signal },
      )) {
        const { dimension, data } = batch.embeddings;
        const rows = batch.indices.map((index, k) => ({ index, row: data.slice(k * dimension, (k + 1) * dimension) }));
        // What may pass, a permission say, is no knowledge of the picture.
        const final = batch.failures.filter(({ error }) => FINAL.has(error.code));
        const none = final.map(({ index }) => ({ index, row: new Float32Array() }));
        await this.put([...rows, ...none].flatMap(({ index, row }) => (part[index] ? [{ ...part[index], row }] : [])));
        done += batch.indices.length + batch.failures.length;
        yield { done, notes: batch.failures.map(({ error }) => noteOf(error)) };
      }
    }
  }

  private async put(found: readonly (Omit<Known, 'id'> & { readonly row: Float32Array })[]): Promise<void> {
    const entries = found.map(({ row, ...file }): Entry => {
      const id = this.next++;
      return { ...file, id, row: new Uint8Array(row.buffer, row.byteOffset, row.byteLength) };
    });
    for (const entry of entries) this.entries.set(entry.path, entry);
    const next = encoded({ id: this.next, changed: 0, size: 0, state: 0, row: new Uint8Array() });
    await this.store.put([...entries.map((e) => [e.path, encoded(e)] as const), [NEXT, next]]);
  }

  /** The readable pictures that pass, and their rows. */
  rows(
    pictures: readonly PictureSource[],
    passes: (known: Known) => boolean,
  ): { readonly files: readonly Known[]; readonly rows: Embeddings } {
    const found = pictures.flatMap((picture) => {
      const entry = this.entries.get(pictureName(picture));
      return entry && entry.row.byteLength > 0 && passes(entry) ? [entry] : [];
    });
    const dimension = (found[0]?.row.byteLength ?? 0) / 4;
    const data = new Float32Array(found.length * dimension);
    const bytes = new Uint8Array(data.buffer);
    for (const [i, { row }] of found.entries()) bytes.set(row, i * 4 * dimension);
    return { files: found, rows: { count: found.length, dimension, data } };
  }
}
