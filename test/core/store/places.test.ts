import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inChild } from '../../support/kept-child.ts';
import { bytesOf, filled, keyOf, opened, ROWS, right } from '../../support/kept-rows.ts';
import { temporaryFolder } from '../../support/pictures.ts';

describe('a place that cannot be used', () => {
  const isRoot = process.getuid?.() === 0;
  const PLACES: readonly (readonly [string, (folder: string) => string])[] = [
    [
      'a folder of that name',
      (folder) => {
        mkdirSync(join(folder, 'rows.sqlite'));
        return join(folder, 'rows.sqlite');
      },
    ],
    [
      'inside a file',
      (folder) => {
        writeFileSync(join(folder, 'file'), 'x');
        return join(folder, 'file', 'rows.sqlite');
      },
    ],
    [
      'a folder that may not be written',
      (folder) => {
        mkdirSync(join(folder, 'closed'), { mode: 0o500 });
        return join(folder, 'closed', 'rows.sqlite');
      },
    ],
  ];
  // Nothing is closed to root.
  it.each(PLACES.slice(0, isRoot ? 2 : 3))('%s keeps nothing, says so once, and stops nobody', async (_, place) => {
    const path = place(await temporaryFolder());
    const { store, lines } = opened(path);
    expect(store.keeps).toBe(false);
    store.put('a', Uint8Array.of(1));
    store.flush();
    expect(store.get('a')).toBeUndefined();
    store.close();
    expect(lines).toEqual([expect.stringMatching(/rows\.sqlite cannot be used \(.+\); going on without it/)]);
  });
  it.skipIf(process.platform === 'win32')('a full disk is done without, and what was there is there', async () => {
    const path = await filled();
    const put = Array.from({ length: 600 }, (_, i) => ({ key: `more ${i}`, size: 20_000, byte: i % 256 }));
    const { code, reports } = await inChild([{ path, get: [keyOf(7)], put }], { blocks: 2000 });
    expect(code).toBe(0);
    const [report] = reports;
    expect(report?.found).toEqual([Buffer.from(bytesOf(7)).toString('base64')]);
    expect(report).toMatchObject({ keeps: false, wrong: 0 });
    expect(report?.kept).toBeLessThan(put.length);
    expect(report?.lines).toEqual([expect.stringContaining(`${path} cannot be used`)]);
    const { store } = opened(path);
    expect(right(store)).toBe(ROWS);
    store.close();
  });
});
