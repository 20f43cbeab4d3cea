/** What was worked out before, on disk: embeddings by content and model, hashes of large files. Losing it costs time and nothing else. */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../places.ts';
import { NOWHERE, openKept, type Store } from '../store/kept.ts';

export type { Store };

/** A store that has grown beyond this is begun anew. */
const BYTES_LIMIT = 4 * 2 ** 30;
/** What earlier versions kept. */
const EARLIER = ['embeddings.mdb', 'embeddings.mdb-lock'];

/** Several processes may have it open. A place that cannot be written gives a store that keeps nothing. */
export function openStore(folder = cacheFolder()): Store {
  if (folder === undefined) return NOWHERE;
  try {
    for (const name of EARLIER) rmSync(join(folder, name), { force: true });
  } catch {
    // It takes room and does no harm.
  }
  return openKept(join(folder, 'embeddings.sqlite'), { limit: BYTES_LIMIT });
}

export const digest = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

const bytesOf = (row: Float32Array): Uint8Array => new Uint8Array(row.buffer, row.byteOffset, row.byteLength);
/** A stored embedding; undefined when it is not there. */
export function storedRow(store: Store, key: string): Float32Array | undefined {
  const found = store.get(key);
  if (!found || found.byteLength === 0 || found.byteLength % 4 !== 0) return undefined;
  const row = new Float32Array(Uint8Array.from(found).buffer);
  return row.every(Number.isFinite) ? row : undefined;
}
export const storeRow = (store: Store, key: string, row: Float32Array): void => store.put(key, bytesOf(row));
