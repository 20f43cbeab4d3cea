/**
 * Rows by key in one file, for what can be worked out again. The file may be damaged, cut, foreign or on a full disk: then it is set aside or done
 * without, which is said once, and costs time alone. SQLite reads what it does not trust: it checks its pages and maps no file into memory, where
 * damage would end the process; each row has a checksum of its own, so that a flipped bit is a missing row.
 */
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { codeOf, messageOf } from '../errors.ts';
import { type Database, libsql } from '../native.ts';
import { answerOf, bytesOf, COMPANIONS, DAMAGE, inTransaction } from './sqlite.ts';

export interface Store {
  /** False for one that forgets everything. */
  readonly keeps: boolean;
  get(key: string): Uint8Array | undefined;
  /** Written soon, with others. */
  put(key: string, value: Uint8Array): void;
  /** Writes what is still to be written. */
  flush(): void;
  close(): void;
}

/** Keeps nothing. */
export const NOWHERE: Store = {
  keeps: false,
  get: () => undefined,
  put: () => undefined,
  flush: () => undefined,
  close: () => undefined,
};

export interface KeptOptions {
  /** A file that has grown beyond this is begun anew. */
  readonly limit?: number;
  /** Told in one line what was lost or is done without. */
  readonly say?: (line: string) => void;
}

/** 'LODE', which tells a store of ours from any other database. */
const APPLICATION = 0x4c4f4445;
const FORMAT = 1;
const BUSY_MS = 2000;
const BATCH = 256;

/** zlib's checksum of no bytes hangs on where they are not. */
const check = (key: string, value: Uint8Array): number =>
  value.byteLength === 0 ? crc32(key) : crc32(value, crc32(key));

class Foreign extends Error {
  readonly code = 'SQLITE_NOTADB';
}

/** Names in its own description may be damaged as well: then it is no store of ours. */
function checkTable(database: Database): void {
  try {
    database.prepare('SELECT value, sum FROM kept WHERE key = ?').get('');
    database.prepare('INSERT OR REPLACE INTO kept (key, value, sum) VALUES (?, ?, ?)');
  } catch (thrown) {
    throw codeOf(thrown).startsWith('SQLITE_BUSY') ? thrown : new Foreign(messageOf(thrown));
  }
}

function opened(path: string): Database {
  const database = new (libsql())(path);
  try {
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    // No files beside it that are mapped into memory. What the system has been given is safe from a kill.
    database.exec('PRAGMA journal_mode = TRUNCATE');
    database.exec('PRAGMA synchronous = OFF');
    const [application, format, tables] = [
      answerOf(database, 'PRAGMA application_id'),
      answerOf(database, 'PRAGMA user_version'),
      answerOf(database, 'SELECT count(*) FROM sqlite_master'),
    ];
    if (tables !== 0 && (application !== APPLICATION || format !== FORMAT)) throw new Foreign('it is another database');
    if (tables === 0)
      database.exec(
        `BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value BLOB NOT NULL, sum INTEGER NOT NULL);
         PRAGMA application_id = ${APPLICATION}; PRAGMA user_version = ${FORMAT}; COMMIT`,
      );
    checkTable(database);
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

const sizeOf = (path: string): number => {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
};

class Kept implements Store {
  private readonly path: string;
  private readonly say: (line: string) => void;
  private database: Database | undefined;
  private readonly waiting = new Map<string, Uint8Array>();
  private due = false;
  private told = false;

  constructor(path: string, { limit = Number.POSITIVE_INFINITY, say = toStandardError }: KeptOptions) {
    this.path = path;
    this.say = say;
    if (sizeOf(path) > limit) this.remove();
    this.open();
  }

  get keeps(): boolean {
    return this.database !== undefined;
  }

  get(key: string): Uint8Array | undefined {
    const waiting = this.waiting.get(key);
    if (waiting) return waiting;
    return this.tried((database) => {
      const found = database.prepare('SELECT value, sum FROM kept WHERE key = ?').get(key) as
        | { readonly value: unknown; readonly sum: unknown }
        | undefined; // the table's columns
      const value = bytesOf(found?.value);
      return value && check(key, value) === found?.sum ? value : undefined;
    });
  }

  put(key: string, value: Uint8Array): void {
    if (!this.database) return;
    this.waiting.set(key, value);
    if (this.waiting.size >= BATCH) this.flush();
    else if (!this.due) {
      this.due = true;
      setImmediate(() => this.flush());
    }
  }

  flush(): void {
    this.due = false;
    if (this.waiting.size === 0) return;
    const rows = [...this.waiting];
    this.waiting.clear();
    this.tried((database) => {
      inTransaction(database, () => {
        const write = database.prepare('INSERT OR REPLACE INTO kept VALUES (?, ?, ?)');
        for (const [key, value] of rows) write.run(key, Buffer.from(value), check(key, value));
      });
    });
  }

  close(): void {
    this.flush();
    this.database?.close();
    this.database = undefined;
  }

  private open(again = true): void {
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      this.database = opened(this.path);
    } catch (thrown) {
      this.fails(thrown, again);
    }
  }

  private tried<T>(work: (database: Database) => T): T | undefined {
    if (!this.database) return undefined;
    try {
      return work(this.database);
    } catch (thrown) {
      // Somebody else writes: what is not kept now is worked out again.
      if (codeOf(thrown).startsWith('SQLITE_BUSY')) return undefined;
      this.fails(thrown, true);
      return undefined;
    }
  }

  private fails(thrown: unknown, again: boolean): void {
    try {
      this.database?.close();
    } catch {
      // It is given up anyway.
    }
    this.database = undefined;
    const damaged = DAMAGE.test(codeOf(thrown)) || thrown instanceof Foreign;
    if (damaged && again && this.setAside()) this.open(false);
    else this.tell(`${this.path} cannot be used (${messageOf(thrown)}); going on without it, which costs time alone.`);
  }

  private setAside(): boolean {
    const aside = `${this.path}.damaged`;
    try {
      rmSync(aside, { force: true });
      renameSync(this.path, aside);
      for (const end of COMPANIONS) rmSync(`${this.path}${end}`, { force: true });
    } catch {
      // Another process may have been first.
      if (existsSync(this.path)) return false;
    }
    this.tell(`${this.path} was damaged: it was set aside as ${aside}, and is worked out again.`);
    return true;
  }

  private remove(): void {
    try {
      for (const end of ['', ...COMPANIONS]) rmSync(`${this.path}${end}`, { force: true });
    } catch {
      // It is opened as it is.
    }
  }

  private tell(line: string): void {
    if (!this.told) this.say(line);
    this.told = true;
  }
}

const toStandardError = (line: string): void => void process.stderr.write(`${line}\n`);

/** Several processes may have it open. Never throws: what cannot be kept is not. */
export function openKept(path: string, options: KeptOptions = {}): Store {
  return new Kept(path, options);
}
