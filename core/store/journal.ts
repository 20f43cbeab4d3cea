/**
 * Logs by key in one file, for what must not be lost: entries in the order in which they were written, and blobs beside them. What is appended as lasting
 * is on the disk before the call returns; anything else is safe from the end of the process, not from that of the machine. Rows carry checksums.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { codeOf, failure, messageOf } from '../errors.ts';
import { type Database, libsql } from '../native.ts';
import { answerOf, bytesOf, COMPANIONS, DAMAGE, inTransaction } from './sqlite.ts';

export interface Journal {
  /** The oldest first. */
  keys(): string[];
  /** Damaged ones are left out, and said. */
  entries(key: string): string[];
  /** All or none. Throws JOURNAL_FAILED. */
  append(key: string, entries: readonly string[], options?: { readonly lasting?: boolean }): void;
  /** A blob by its number; one of that number is replaced. Throws JOURNAL_FAILED. */
  keep(key: string, number: number, blob: Uint8Array): void;
  /** Numbers of its blobs, the smallest first. */
  blobs(key: string): number[];
  /** Nothing where it is missing or damaged. */
  blob(key: string, number: number): Uint8Array | undefined;
  drop(key: string, numbers: readonly number[]): void;
  /** The key with all that belongs to it. */
  remove(key: string): void;
  close(): void;
}

/** 'LODJ', which tells a journal of ours from any other database. */
const APPLICATION = 0x4c4f444a;
const BUSY_MS = 5000;
/** What each version of the file adds to the one before. */
const MIGRATIONS = [
  `CREATE TABLE keys (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE);
   CREATE TABLE entries (id INTEGER NOT NULL, place INTEGER NOT NULL, body TEXT NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (id, place)) WITHOUT ROWID;
   CREATE TABLE blobs (id INTEGER NOT NULL, number INTEGER NOT NULL, body BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (id, number));`,
];

type Row = Readonly<Record<string, unknown>>;

function opened(path: string): Database {
  mkdirSync(dirname(path), { recursive: true });
  const database = new (libsql())(path);
  try {
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    // No files beside it that are mapped into memory, where damage would end the process.
    database.exec('PRAGMA journal_mode = TRUNCATE');
    const [application, version, tables] = [
      answerOf(database, 'PRAGMA application_id'),
      Number(answerOf(database, 'PRAGMA user_version')),
      answerOf(database, 'SELECT count(*) FROM sqlite_master'),
    ];
    if (tables !== 0 && application !== APPLICATION) throw foreign('it is another database');
    if (version > MIGRATIONS.length) throw failure('JOURNAL_FAILED', { path, what: 'a later Lodestone wrote it' });
    for (let v = version; v < MIGRATIONS.length; v++)
      database.exec(
        `BEGIN IMMEDIATE; ${MIGRATIONS[v]} PRAGMA application_id = ${APPLICATION}; PRAGMA user_version = ${v + 1}; COMMIT`,
      );
    if (answerOf(database, 'PRAGMA quick_check(1)') !== 'ok') throw foreign('its pages are damaged');
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

const foreign = (what: string): Error => Object.assign(new Error(what), { code: 'SQLITE_NOTADB' });

/** A damaged file is set aside whole, for whoever can read it, and another is begun. Throws JOURNAL_FAILED. */
function openedOrAnew(path: string, say: (line: string) => void): Database {
  try {
    return opened(path);
  } catch (thrown) {
    if (!DAMAGE.test(codeOf(thrown))) throw failed(path, thrown);
  }
  let aside = `${path}.damaged`;
  for (let n = 2; existsSync(aside); n++) aside = `${path}.damaged-${n}`;
  try {
    renameSync(path, aside);
    for (const end of COMPANIONS) rmSync(`${path}${end}`, { force: true });
    say(
      `${path} was damaged: it was set aside as ${aside}, and another is begun. Pictures that were finished are where they were.`,
    );
    return opened(path);
  } catch (thrown) {
    throw failed(path, thrown);
  }
}

const failed = (path: string, thrown: unknown): Error =>
  codeOf(thrown) === 'JOURNAL_FAILED'
    ? (thrown as Error) // it says what it is
    : failure('JOURNAL_FAILED', { path, what: messageOf(thrown) }, thrown);

class FileJournal implements Journal {
  private readonly database: Database;
  private readonly path: string;
  private readonly say: (line: string) => void;
  private lasting: boolean | undefined;

  constructor(path: string, say: (line: string) => void) {
    this.path = path;
    this.say = say;
    this.database = openedOrAnew(path, say);
  }

  keys(): string[] {
    return this.all('SELECT key FROM keys ORDER BY id').map(({ key }) => String(key));
  }

  entries(key: string): string[] {
    const rows = this.all('SELECT body, sum FROM entries JOIN keys USING (id) WHERE key = ? ORDER BY place', key).map(
      ({ body, sum }) => ({ body: String(body), sum }),
    );
    const whole = rows.filter(({ body, sum }) => crc32(body) === sum);
    if (whole.length < rows.length)
      this.say(`${this.path}: ${rows.length - whole.length} damaged entries were left out.`);
    return whole.map(({ body }) => body);
  }

  append(key: string, entries: readonly string[], { lasting = false }: { readonly lasting?: boolean } = {}): void {
    this.written(lasting, () => {
      const id = this.idOf(key);
      const { next } = this.one('SELECT COALESCE(MAX(place), -1) + 1 AS next FROM entries WHERE id = ?', id);
      const write = this.database.prepare('INSERT INTO entries VALUES (?, ?, ?, ?)');
      entries.forEach((body, i) => void write.run(id, Number(next) + i, body, crc32(body)));
    });
  }

  keep(key: string, number: number, blob: Uint8Array): void {
    this.written(false, () => {
      const write = this.database.prepare('INSERT OR REPLACE INTO blobs VALUES (?, ?, ?, ?)');
      write.run(this.idOf(key), number, Buffer.from(blob), crc32(blob));
    });
  }

  blobs(key: string): number[] {
    const sql = 'SELECT number FROM blobs JOIN keys USING (id) WHERE key = ? ORDER BY number';
    return this.all(sql, key).map(({ number }) => Number(number));
  }

  blob(key: string, number: number): Uint8Array | undefined {
    const sql = 'SELECT body, sum FROM blobs JOIN keys USING (id) WHERE key = ? AND number = ?';
    const [found] = this.all(sql, key, number);
    const body = bytesOf(found?.['body']);
    return body && crc32(body) === found?.['sum'] ? body : undefined;
  }

  drop(key: string, numbers: readonly number[]): void {
    if (numbers.length === 0) return;
    this.written(false, () => {
      const remove = this.database.prepare('DELETE FROM blobs WHERE id = ? AND number = ?');
      const id = this.idOf(key);
      for (const number of numbers) remove.run(id, number);
    });
  }

  remove(key: string): void {
    this.written(false, () => {
      const id = this.idOf(key);
      for (const table of ['entries', 'blobs', 'keys'])
        this.database.prepare(`DELETE FROM ${table} WHERE id = ?`).run(id);
    });
  }

  close(): void {
    this.database.close();
  }

  private idOf(key: string): number {
    this.database.prepare('INSERT OR IGNORE INTO keys (key) VALUES (?)').run(key);
    return Number(this.one('SELECT id FROM keys WHERE key = ?', key)['id']);
  }

  private one(sql: string, ...values: unknown[]): Row {
    return (this.database.prepare(sql).get(...values) ?? {}) as Row; // columns as the query names them
  }

  private all(sql: string, ...values: unknown[]): Row[] {
    return this.tried(() => this.database.prepare(sql).all(...values) as Row[]); // columns as the query names them
  }

  private written(lasting: boolean, work: () => void): void {
    this.tried(() => {
      if (lasting !== this.lasting) this.database.exec(`PRAGMA synchronous = ${lasting ? 'FULL' : 'OFF'}`);
      this.lasting = lasting;
      inTransaction(this.database, work);
    });
  }

  private tried<T>(work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      throw failed(this.path, thrown);
    }
  }
}

/** One process at a time may have it open. Throws JOURNAL_FAILED. */
export const openJournal = (path: string, say: (line: string) => void): Journal => new FileJournal(path, say);
