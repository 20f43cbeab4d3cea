/** A store of many rows, and whether what is in it is right. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { seeded } from '../../core/random.ts';
import { openKept, type Store } from '../../core/store/kept.ts';
import { temporaryFolder } from './pictures.ts';

export const ROWS = 300;
export const keyOf = (i: number): string => (i % 7 === 0 ? `\0key ${i}` : `a key with ü and 🦊 ${i}`);
/** Some are larger than a page of the file. */
export const bytesOf = (i: number): Uint8Array => {
  const random = seeded(i);
  return Uint8Array.from({ length: i % 50 === 0 ? 20_000 : 1 + (i % 90) }, () => Math.floor(random() * 256));
};

/** A store, and the lines that it says. */
export function opened(path: string): { readonly store: Store; readonly lines: string[] } {
  const lines: string[] = [];
  return { store: openKept(path, { say: (line) => lines.push(line) }), lines };
}
/** The path of a file that holds all rows. */
export async function filled(): Promise<string> {
  const path = join(await temporaryFolder(), 'in', 'folders', 'rows.sqlite');
  const { store, lines } = opened(path);
  for (let i = 0; i < ROWS; i++) store.put(keyOf(i), bytesOf(i));
  store.close();
  expect(lines).toEqual([]);
  return path;
}

/** How many rows are there; none of them is another than it was. */
export function right(store: Store): number {
  const found = Array.from({ length: ROWS }, (_, i) => ({ i, value: store.get(keyOf(i)) }));
  const here = found.filter((f) => f.value !== undefined);
  for (const { i, value } of here) expect(Buffer.compare(value ?? Buffer.of(), bytesOf(i)), keyOf(i)).toBe(0);
  return here.length;
}
