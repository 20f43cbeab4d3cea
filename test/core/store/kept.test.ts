import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStore, storedRow, storeRow } from '../../../core/clip/store.ts';
import { libsql } from '../../../core/native.ts';
import { seeded } from '../../../core/random.ts';
import { keepIn, keptIn } from '../../../core/store/keeper.ts';
import { openKept } from '../../../core/store/kept.ts';
import { bytesOf, filled, keyOf, opened, ROWS, right } from '../../support/kept-rows.ts';
import { temporaryFolder } from '../../support/pictures.ts';

const PAGE = 4096;

function keepsNewRows(path: string): void {
  const { store } = opened(path);
  store.put('new', Uint8Array.of(1, 2, 3));
  store.close();
  const { store: again, lines } = opened(path);
  expect([...(again.get('new') ?? [])]).toEqual([1, 2, 3]);
  expect(lines).toEqual([]);
  again.close();
}

describe('rows of a store', () => {
  it('come back as they were put, before they are written, after closing, and in another process', async () => {
    const path = join(await temporaryFolder(), 'rows.sqlite');
    const { store } = opened(path);
    for (let i = 0; i < ROWS; i++) store.put(keyOf(i), bytesOf(i));
    expect(right(store)).toBe(ROWS);
    store.put(keyOf(3), Uint8Array.of(9));
    store.put(keyOf(3), bytesOf(3));
    store.close();
    const { store: again, lines } = opened(path);
    expect(right(again)).toBe(ROWS);
    expect(again.get('another')).toBeUndefined();
    const elsewhere = await keptIn(path, [keyOf(7), keyOf(50), 'another']);
    expect(elsewhere.map((v) => v && Buffer.from(v))).toEqual([
      Buffer.from(bytesOf(7)),
      Buffer.from(bytesOf(50)),
      null,
    ]);
    await keepIn(path, [['from elsewhere', Uint8Array.of(5)]]);
    expect([...(again.get('from elsewhere') ?? [])]).toEqual([5]);
    expect(lines).toEqual([]);
    again.close();
  });
  it('are missing one by one where a bit of them was flipped', async () => {
    const path = join(await temporaryFolder(), 'rows.sqlite');
    const { store } = opened(path);
    const marked = (i: number): Buffer => Buffer.from(`these are the bytes of row ${i}`);
    for (const i of [1, 2, 3]) store.put(`row ${i}`, marked(i));
    store.close();
    const bytes = readFileSync(path);
    const at = bytes.indexOf(marked(2)) + 12;
    bytes[at] = (bytes[at] ?? 0) ^ 4;
    writeFileSync(path, bytes);
    const { store: again, lines } = opened(path);
    expect([1, 2, 3].map((i) => again.get(`row ${i}`) !== undefined)).toEqual([true, false, true]);
    again.put('row 2', marked(2));
    again.flush();
    expect(Buffer.from(again.get('row 2') ?? []).equals(marked(2))).toBe(true);
    expect(lines).toEqual([]);
    again.close();
  });
  it('that are not numbers are not given for embeddings', async () => {
    const store = openStore(await temporaryFolder());
    storeRow(store, 'good', Float32Array.of(1, -2));
    storeRow(store, 'nan', Float32Array.of(1, Number.NaN));
    storeRow(store, 'infinite', Float32Array.of(Number.POSITIVE_INFINITY, 1));
    store.put('odd', Uint8Array.of(1, 2, 3, 4, 5));
    store.put('empty', new Uint8Array());
    store.flush();
    expect([...(storedRow(store, 'good') ?? [])]).toEqual([1, -2]);
    for (const key of ['nan', 'infinite', 'odd', 'empty']) expect(storedRow(store, key), key).toBeUndefined();
    store.close();
  });
  it('of a file that has grown beyond its limit are gone', async () => {
    const path = await filled();
    const store = openKept(path, { limit: 10_000 });
    expect(right(store)).toBe(0);
    store.close();
    keepsNewRows(path);
  });
});

function otherDatabase(path: string): void {
  const database = new (libsql())(path);
  database.exec(
    "CREATE TABLE kept (key TEXT PRIMARY KEY, value BLOB, sum INTEGER); INSERT INTO kept VALUES ('a', 'b', 1)",
  );
  database.close();
}
/** The beginning of LMDB's first page: its number, its flags, and the magic of a meta page. */
const lmdb = (): Buffer => {
  const bytes = Buffer.alloc(8 * PAGE);
  bytes.writeUInt16LE(8, 10);
  bytes.writeUInt32LE(0xbeefc0de, 16);
  bytes.writeUInt32LE(1, 20);
  return bytes;
};
const noise = (size: number): Buffer => {
  const random = seeded(11);
  return Buffer.from(Array.from({ length: size }, () => Math.floor(random() * 256)));
};

describe('a file that is no store', () => {
  const FOREIGN: readonly (readonly [string, (path: string) => void])[] = [
    ['random bytes', (path) => writeFileSync(path, noise(50_000))],
    ['a few bytes', (path) => writeFileSync(path, 'lodestone')],
    ['an LMDB file', (path) => writeFileSync(path, lmdb())],
    ['another SQLite database', otherDatabase],
  ];
  it.each(FOREIGN)('%s is set aside whole, told in one line, and made anew', async (_, make) => {
    const path = join(await temporaryFolder(), 'rows.sqlite');
    make(path);
    const before = readFileSync(path);
    const { store, lines } = opened(path);
    expect(store.get('a')).toBeUndefined();
    expect(store.keeps).toBe(true);
    store.close();
    expect(lines).toEqual([expect.stringContaining(`${path}.damaged`)]);
    expect(readFileSync(`${path}.damaged`).equals(before)).toBe(true);
    keepsNewRows(path);
  });
  it('cut anywhere gives its rows or none of them, and is told in one line', async () => {
    const random = seeded(4);
    const whole = readFileSync(await filled());
    const folder = await temporaryFolder();
    for (let i = 0; i < 25; i++) {
      const path = join(folder, `${i}.sqlite`);
      writeFileSync(path, whole);
      truncateSync(path, 1 + Math.floor(random() * (whole.length - PAGE - 1)));
      const { store, lines } = opened(path);
      expect(right(store)).toBeLessThan(ROWS);
      expect(store.keeps).toBe(true);
      store.close();
      expect(lines).toEqual([expect.stringContaining(`${path}.damaged`)]);
      expect(existsSync(`${path}.damaged`)).toBe(true);
      keepsNewRows(path);
    }
  });
  it('but empty becomes one without a word', async () => {
    const path = join(await temporaryFolder(), 'rows.sqlite');
    writeFileSync(path, '');
    keepsNewRows(path);
    expect(existsSync(`${path}.damaged`)).toBe(false);
  });
});

describe('what was nearly forgotten', () => {
  it('is an empty value, which is a value', async () => {
    const path = join(await temporaryFolder(), 'rows.sqlite');
    const store = openKept(path);
    store.put('none', new Uint8Array());
    store.flush();
    expect(store.get('none')).toEqual(new Uint8Array());
    store.close();
  });
  it.each(['key', 'value', 'sum'])('is damage in the name of a column: %s', async (name) => {
    const path = join(await temporaryFolder(), 'rows.sqlite');
    const first = openKept(path);
    first.put('a', Uint8Array.of(1));
    first.close();
    const bytes = readFileSync(path);
    const at = bytes.indexOf(name, bytes.indexOf('CREATE TABLE'));
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(path, bytes);
    const said: string[] = [];
    const second = openKept(path, { say: (line) => said.push(line) });
    expect(said).toEqual([expect.stringContaining('.damaged')]);
    second.put('b', Uint8Array.of(2));
    second.close();
    const third = openKept(path);
    expect([third.get('a'), third.get('b')]).toEqual([undefined, Uint8Array.of(2)]);
    third.close();
  });
});
