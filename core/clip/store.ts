/** What was worked out before, on disk: embeddings by content and model, hashes of large files. Losing it costs time and nothing else. */
import { createHash } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import envPaths from 'env-paths';
import { open } from 'lmdb';

export interface Store {
  /** False for one that forgets everything. */
  readonly keeps: boolean;
  get(key: string): Uint8Array | undefined;
  put(key: string, value: Uint8Array): void;
}

/** Keeps nothing. */
const NOWHERE: Store = { keeps: false, get: () => undefined, put: () => undefined };
/** A store that has grown beyond this is begun anew. */
const BYTES_LIMIT = 4 * 2 ** 30;
const OFF = 'off';

/** Where the store lies: LODESTONE_CACHE (a folder, or `off`), or the system's place for caches. */
const cacheFolder = (): string => process.env['LODESTONE_CACHE'] ?? envPaths('lodestone', { suffix: '' }).cache;

const sizeOf = (path: string): number => {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
};

/** Several processes may have it open. A place that cannot be written gives a store that keeps nothing. */
export function openStore(folder = cacheFolder()): Store {
  if (folder === OFF || folder === '') return NOWHERE;
  try {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'embeddings.mdb');
    const grown = sizeOf(path) > BYTES_LIMIT;
    const database = open<Buffer, string>({ path, encoding: 'binary', noMemInit: true });
    if (grown) database.clearSync();
    return {
      keeps: true,
      get: (key) => database.getBinary(key) ?? undefined,
      put: (key, value) => {
        // Written in the background; an entry that is lost is worked out again.
        database.put(key, Buffer.from(value)).catch(() => undefined);
      },
    };
  } catch {
    return NOWHERE;
  }
}

export const digest = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

const bytesOf = (row: Float32Array): Uint8Array => new Uint8Array(row.buffer, row.byteOffset, row.byteLength);
/** A stored embedding; undefined when it is not there. */
export function storedRow(store: Store, key: string): Float32Array | undefined {
  const found = store.get(key);
  if (!found || found.byteLength === 0 || found.byteLength % 4 !== 0) return undefined;
  return new Float32Array(Uint8Array.from(found).buffer);
}
export const storeRow = (store: Store, key: string, row: Float32Array): void => store.put(key, bytesOf(row));
