/** What all tests of one run share: a cache of its own, so that they neither read nor leave anything in that of who runs them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let cache: string;

/** Called by the test runner before the first test. */
export function setup(): void {
  cache = mkdtempSync(join(tmpdir(), 'lodestone-cache-'));
  process.env['LODESTONE_CACHE'] = cache;
}

/** Called after the last. */
export function teardown(): void {
  rmSync(cache, { recursive: true, force: true });
}
