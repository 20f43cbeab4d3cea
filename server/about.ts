/** What is said of this package before anything of it runs. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../core/index.ts';

export const DEFAULT_PORT = 4242;

export const version = async (): Promise<string> => {
  const parsed: unknown = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : '0';
};
