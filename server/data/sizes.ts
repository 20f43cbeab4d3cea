/** How much lies where in a data folder. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Keep } from '../keep/shelf.ts';

export interface Size {
  readonly what: string;
  readonly files: number;
  readonly bytes: number;
}

export async function sizesOf(data: string, keep: Keep): Promise<Size[]> {
  const shelves = await Promise.all(
    (['gallery', 'reports'] as const).map(async (kind): Promise<Size> => {
      const all = await keep[kind].list();
      return { what: kind, files: all.length, bytes: all.reduce((sum, { size }) => sum + size, 0) };
    }),
  );
  const folders = await Promise.all(
    ['uploads', 'thumbnails', 'plugins'].map(
      async (what): Promise<Size> => ({ what, ...(await within(join(data, what))) }),
    ),
  );
  const runs = await stat(join(data, 'runs.sqlite')).catch(() => undefined);
  return [...shelves, ...folders, { what: 'runs', files: runs ? 1 : 0, bytes: runs?.size ?? 0 }];
}

async function within(folder: string): Promise<{ readonly files: number; readonly bytes: number }> {
  const names = await readdir(folder, { recursive: true }).catch(() => [] as string[]);
  const found = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => undefined)));
  const files = found.filter((file) => file?.isFile());
  return { files: files.length, bytes: files.reduce((sum, file) => sum + (file?.size ?? 0), 0) };
}
