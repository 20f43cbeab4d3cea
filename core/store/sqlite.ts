/** What all that is kept in SQLite files knows of them. */
import { isAnyArrayBuffer } from 'node:util/types';
import type { Database } from '../native.ts';

/** Ends of the names of files that SQLite makes beside one of its own. */
export const COMPANIONS = ['-journal', '-wal', '-shm'];
/** Errors by which SQLite says that the file is none of its own, or damaged. */
export const DAMAGE = /^SQLITE_(?:CORRUPT|NOTADB|SCHEMA|MISMATCH|FORMAT)/;

/** A blob; an empty one comes back as a buffer without a view. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (isAnyArrayBuffer(value)) return new Uint8Array(value);
  return value instanceof Uint8Array ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined;
}

/** The one value that a query gives. */
export const answerOf = (database: Database, sql: string): unknown =>
  Object.values((database.prepare(sql).get() ?? {}) as object)[0]; // a row by its columns

/** All of the work is written, or none of it. */
export function inTransaction(database: Database, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (thrown) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw thrown;
  }
}
