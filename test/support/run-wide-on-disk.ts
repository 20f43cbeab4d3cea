/** As for the quick tests, on a disk: kills and damage are tried on files as people have them. */
import { tmpdir } from 'node:os';
import { placeIn } from './run-wide.ts';

export { teardown } from './run-wide.ts';

/** Called by the test runner before the first test. */
export function setup(): void {
  placeIn(tmpdir());
}
