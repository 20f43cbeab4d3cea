/** What all tests of one run share: a place of their own for what they make and for caches, gone when they have ended, however each of them ends. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system in memory, which Linux has. */
const MEMORY = '/dev/shm';
/** Several times what the quick tests take, in bytes. */
const ROOM = 2 ** 30;

let place: string;

export function placeIn(folder: string): void {
  // The test command looks for it by this process, should it have to be ended.
  place = mkdtempSync(join(folder, `lodestone-tests-${process.pid}-`));
  process.env['LODESTONE_CACHE'] = join(place, 'cache');
  process.env['TMPDIR'] = join(place, 'tmp');
  for (const name of ['LODESTONE_CACHE', 'TMPDIR']) mkdirSync(process.env[name] ?? '');
}

function roomy(folder: string): boolean {
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize >= ROOM;
}

/** Called by the test runner before the first test. Files that last are flushed, which on a disk is a tenth of the time of all tests. */
export function setup(): void {
  placeIn(roomy(MEMORY) ? MEMORY : tmpdir());
}

/** Called after the last. */
export function teardown(): void {
  rmSync(place, { recursive: true, force: true, maxRetries: 3 });
}
