/** A folder that is gone when the tests of the file end. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export function useFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lodestone-test-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
