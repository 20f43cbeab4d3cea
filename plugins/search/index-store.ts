/** An index of pictures on disk: embeddings by path, with what tells whether a file has changed. It is whole at any moment, even after a kill. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import type { Embeddings, Note, PictureSource, PluginContext } from '../../core/index.ts';
import { noteOf, pictureName } from '../../core/index.ts';

/** A picture that could not be read has an empty row, and is tried again only when its file changes. */
interface Entry {
  /** Its own for as long as the row stays the same. */
  readonly id: number;
  readonly changed: number;
  readonly size: number;
  readonly row: Uint8Array;
}

export interface Known {
  readonly id: number;
  readonly path: string;
  readonly changed: number;
  readonly size: number;
}

/** Where the next id is kept; no path begins so. */
const NEXT = '\0next';
const CHUNK = 512;
const STATS_AT_ONCE = 64;

export class Index {
  private readonly store: RootDatabase<Entry, string>;

  /** Beside the index lies what finds neighbours approximately. */
  readonly path: string;

  private constructor(store: RootDatabase<Entry, string>, path: string) {
    this.store = store;
    this.path = path;
  }

  /** One index a model, in the plugin's own folder. */
  static async open({ engine, folder, signal }: PluginContext): Promise<Index> {
    const [{ hash }, place] = await Promise.all([engine.info({ signal }), folder()]);
    const path = join(place, `index-${hash.slice(0, 16)}.mdb`);
    return new Index(open<Entry, string>({ path, noSubdir: true, compression: false, maxDbs: 1 }), path);
  }

  /** Brings the index up to date for these pictures; tells how far it is, and what could not be read. */
  async *update(
    pictures: readonly PictureSource[],
    { engine, signal }: PluginContext,
  ): AsyncGenerator<{ readonly done: number; readonly notes: readonly Note[] }> {
    const files: Omit<Known, 'id'>[] = [];
    for (let from = 0; from < pictures.length; from += STATS_AT_ONCE)
      files.push(
        ...(await Promise.all(
          pictures.slice(from, from + STATS_AT_ONCE).map(async (picture) => {
            const path = pictureName(picture);
            const { mtimeMs, size } = await stat(path);
            return { path, changed: mtimeMs, size };
          }),
        )),
      );
    const stale = files.filter(({ path, changed, size }) => {
      const known = this.store.get(path);
      return known?.changed !== changed || known.size !== size;
    });
    let done = files.length - stale.length;
    yield { done, notes: [] };
    for (let from = 0; from < stale.length; from += CHUNK) {
      const part = stale.slice(from, from + CHUNK);
      for await (const batch of engine.embedPictures(
        part.map(({ path }) => ({ path })),
        { signal },
      )) {
        const { dimension, data } = batch.embeddings;
        await this.store.transaction(() => {
          for (const [k, index] of batch.indices.entries())
            this.put(part[index], data.slice(k * dimension, (k + 1) * dimension));
          for (const { index } of batch.failures) this.put(part[index], new Float32Array());
        });
        done += batch.indices.length + batch.failures.length;
        yield { done, notes: batch.failures.map(({ error }) => noteOf(error)) };
      }
    }
  }

  private put(file: Omit<Known, 'id'> | undefined, row: Float32Array): void {
    if (!file) return;
    const bytes = new Uint8Array(row.buffer, row.byteOffset, row.byteLength);
    const id = this.store.get(NEXT)?.id ?? 0;
    this.store.put(NEXT, { id: id + 1, changed: 0, size: 0, row: new Uint8Array() });
    this.store.put(file.path, { id, changed: file.changed, size: file.size, row: bytes });
  }

  /** The readable pictures that pass, and their rows. */
  rows(
    pictures: readonly PictureSource[],
    passes: (known: Known) => boolean,
  ): { readonly files: readonly Known[]; readonly rows: Embeddings } {
    const files: Known[] = [];
    const parts: Uint8Array[] = [];
    for (const picture of pictures) {
      const path = pictureName(picture);
      const entry = this.store.get(path);
      if (!entry || entry.row.byteLength === 0) continue;
      const known = { id: entry.id, path, changed: entry.changed, size: entry.size };
      if (!passes(known)) continue;
      files.push(known);
      parts.push(entry.row);
    }
    const dimension = (parts[0]?.byteLength ?? 0) / 4;
    const data = new Float32Array(files.length * dimension);
    const bytes = new Uint8Array(data.buffer);
    for (const [i, part] of parts.entries()) bytes.set(part, i * 4 * dimension);
    return { files, rows: { count: files.length, dimension, data } };
  }

  async close(): Promise<void> {
    await this.store.close();
  }
}
