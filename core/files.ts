/** Writing and listing files so that bad luck never costs work: aside and renamed, sorted, bounded. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { failure, messageOf } from './errors.ts';

/** Writes the whole file or nothing: aside first, then renamed into place. Throws FILE_WRITE. */
export async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  const aside = join(dirname(path), `.${randomUUID()}.part`);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(aside, content);
    await rename(aside, path);
  } catch (cause) {
    await rm(aside, { force: true }).catch(() => undefined);
    throw failure('FILE_WRITE', { path, what: messageOf(cause) }, cause);
  }
}

const PICTURE = /\.(?:png|jpe?g|webp|gif|avif|tiff?|svg)$/i;
const LISTED_LIMIT = 1_000_000;

/** The pictures under a folder, sorted by path; a file stands for itself. Hidden ones are passed over. Throws FILE_MISSING. */
export async function picturesUnder(path: string): Promise<string[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw failure('FILE_MISSING', { path }, cause);
  });
  if (!found.isDirectory()) return [path];
  const all: string[] = [];
  // A folder that may not be read is passed over like a hidden one.
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.') || all.length >= LISTED_LIMIT) continue;
    const inside = join(path, entry.name);
    if (entry.isDirectory()) for (const found_ of await picturesUnder(inside)) all.push(found_);
    else if (entry.isFile() && PICTURE.test(entry.name)) all.push(inside);
  }
  return all;
}
