/** Unpacks the reference fixtures (PyTorch's values) into a temporary folder, once a process. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const packed = fileURLToPath(new URL('../fixtures/reference', import.meta.url));
let unpacked: string | undefined;

/** The folder that holds one folder a family, `preprocessing` and `tokens.json`. */
export function referenceFolder(): string {
  if (unpacked) return unpacked;
  const target = mkdtempSync(join(tmpdir(), 'lodestone-reference-'));
  process.once('exit', () => rmSync(target, { recursive: true, force: true }));
  for (const name of readdirSync(packed, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.gz')) continue;
    const path = join(target, name.slice(0, -3));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, gunzipSync(readFileSync(join(packed, name))));
  }
  unpacked = target;
  return target;
}
