/** A shelf that is a folder, which people open as any other. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../core/index.ts';
import { filesWithin, plainFile } from '../http/within.ts';
import type { Kept, Shelf } from './shelf.ts';

export const folderShelf = (folder: string): Shelf => ({
  place: folder,
  put: async (name, bytes) => {
    const known = await readFile(join(folder, name)).catch(() => undefined);
    if (known && Buffer.compare(known, bytes) === 0) return;
    await writeWhole(join(folder, name), bytes);
  },
  read: (name) => readFile(join(folder, name)).catch(() => undefined),
  list: async () => {
    const names = (await readdir(folder).catch(() => [] as string[])).filter((name) => !name.startsWith('.'));
    const found = await Promise.all(
      names.map(async (name): Promise<Kept[]> => {
        const file = await plainFile(folder, name);
        return file ? [{ name, ...file }] : [];
      }),
    );
    return found.flat();
  },
  remove: (name) => rm(join(folder, name), { force: true }),
  serve: (headers) => filesWithin(folder, headers),
});
