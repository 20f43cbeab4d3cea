/** What all that is kept in SQLite files knows of them. */
import { isAnyArrayBuffer } from 'node:util/types';

/** Ends of the names of files that SQLite makes beside one of its own. */
export const COMPANIONS = ['-journal', '-wal', '-shm'];
/** Errors by which SQLite says that the file is none of its own, or damaged. */
export const DAMAGE = /^SQLITE_(?:CORRUPT|NOTADB|SCHEMA|MISMATCH|FORMAT)/;

/** A blob; an empty one comes back as a buffer without a view. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (isAnyArrayBuffer(value)) return new Uint8Array(value);
  return value instanceof Uint8Array ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined;
}
