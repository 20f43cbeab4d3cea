import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { libsql } from '../../../core/native.ts';
import { openJournal } from '../../../core/store/journal.ts';
import { temporaryFolder } from '../../support/pictures.ts';

const place = async (): Promise<string> => join(await temporaryFolder(), 'deep', 'runs.sqlite');
const silent = (): void => undefined;
const bytes = (...all: number[]): Uint8Array => Uint8Array.from(all);

describe('a journal', () => {
  it('gives entries and blobs back in their order, to the next who opens it too', async () => {
    const path = await place();
    const first = openJournal(path, silent);
    first.append('b', ['one', '']);
    first.append('a', ['other'], { lasting: true });
    first.append('b', ['two', 'drei ✓']);
    first.keep('b', 20, bytes(2, 0));
    first.keep('b', 5, bytes());
    first.keep('b', 20, bytes(2, 1));
    const look = (journal: typeof first) => ({
      keys: journal.keys(),
      entries: journal.entries('b'),
      numbers: journal.blobs('b'),
      blobs: [5, 20, 21].map((n) => journal.blob('b', n)),
    });
    const wanted = {
      keys: ['b', 'a'],
      entries: ['one', '', 'two', 'drei ✓'],
      numbers: [5, 20],
      blobs: [bytes(), bytes(2, 1), undefined],
    };
    expect(look(first)).toEqual(wanted);
    first.close();
    const second = openJournal(path, silent);
    expect(look(second)).toEqual(wanted);
    second.close();
  });
  it('forgets a key with all of it, and blobs by their numbers, and nothing else', async () => {
    const journal = openJournal(await place(), silent);
    for (const key of ['a', 'b']) {
      journal.append(key, [key]);
      for (const n of [1, 2, 3]) journal.keep(key, n, bytes(n));
    }
    journal.remove('a');
    journal.drop('b', [1, 3]);
    expect([journal.keys(), journal.entries('a'), journal.blobs('a')]).toEqual([['b'], [], []]);
    expect([journal.entries('b'), journal.blobs('b')]).toEqual([['b'], [2]]);
    journal.append('a', ['again']);
    expect([journal.keys(), journal.entries('a')]).toEqual([['b', 'a'], ['again']]);
    journal.close();
  });
  it('leaves out what is damaged, and says so', async () => {
    const path = await place();
    const journal = openJournal(path, silent);
    journal.append('a', ['one', 'two', 'three']);
    journal.keep('a', 1, bytes(1));
    journal.close();
    const file = new (libsql())(path);
    file.exec("UPDATE entries SET body = 'twa' WHERE place = 1; UPDATE blobs SET body = x'02'");
    file.close();
    const said: string[] = [];
    const again = openJournal(path, (line) => said.push(line));
    expect([again.entries('a'), again.blob('a', 1)]).toEqual([['one', 'three'], undefined]);
    expect(said).toEqual([expect.stringContaining('1 damaged entries')]);
    again.close();
  });
  it.each([
    ['no database', 'this is no database at all, '.repeat(400)],
    ['cut short', ''],
  ])('sets a file aside that is %s, keeps every one of them, and begins anew', async (_what, text) => {
    const path = await place();
    const made = openJournal(path, silent);
    made.append('a', ['one']);
    made.close();
    const whole = await readFile(path);
    for (const aside of ['.damaged', '.damaged-2']) {
      await writeFile(path, text === '' ? whole.subarray(0, 5000) : text);
      const said: string[] = [];
      const journal = openJournal(path, (line) => said.push(line));
      expect(journal.keys()).toEqual([]);
      journal.append('b', ['new']);
      journal.close();
      expect(said).toEqual([expect.stringContaining(`set aside as ${path}${aside}`)]);
      expect((await readFile(`${path}${aside}`)).byteLength).toBeGreaterThan(4000);
    }
  });
  it('touches neither another program’s database nor one of a later version', async () => {
    const path = await place();
    openJournal(path, silent).close();
    const file = new (libsql())(path);
    file.exec('PRAGMA user_version = 99');
    file.close();
    expect(() => openJournal(path, silent)).toThrow(/JOURNAL_FAILED|later Lodestone/);
    const before = await readFile(path);
    expect(Buffer.compare(before, await readFile(path))).toBe(0);
  });
  it('writes all of a call or none, and says what it could not write', async () => {
    const path = await place();
    const journal = openJournal(path, silent);
    journal.append('a', ['one']);
    const other = new (libsql())(path);
    other.exec(
      "CREATE TRIGGER full BEFORE INSERT ON entries WHEN NEW.place = 3 BEGIN SELECT RAISE(ABORT, 'disk is full'); END",
    );
    other.close();
    expect(() => journal.append('a', ['two', 'three', 'four'])).toThrow(
      expect.objectContaining({ code: 'JOURNAL_FAILED', message: expect.stringContaining('disk is full') }),
    );
    expect(journal.entries('a')).toEqual(['one']);
    journal.append('a', ['two']);
    expect(journal.entries('a')).toEqual(['one', 'two']);
    journal.close();
    await chmod(path, 0o600);
  });
});
