/** Small pictures of large ones: each is made once, a few at a time in a process made for that, and kept. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { image, writeAside } from '../../core/index.ts';
import { plainFile } from './within.ts';

const SIDE = 320;
const PIXEL_LIMIT = 100_000_000;
const KEPT = 20_000;
/** How often the folder is looked through. */
const SWEEP_EVERY = 500;

const LARGE = 1600;
/** WebP for looking at, whatever the file is. The path must have been checked. Throws PICTURE_UNREADABLE, PICTURE_TOO_LARGE. */
export const largeOf = (path: string): Promise<Uint8Array> => reduced(path, LARGE);

const reduced = (path: string, side: number): Promise<Uint8Array> =>
  image(path, { limitInputPixels: PIXEL_LIMIT, pages: 1 }, path)
    .autoOrient()
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .webp()
    .toBuffer();

export class Thumbnails {
  private readonly folder: string;
  private readonly making = new Map<string, Promise<Uint8Array>>();
  private made = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** WebP. The path must have been checked. Throws PICTURE_UNREADABLE, PICTURE_TOO_LARGE. */
  async of(path: string): Promise<Uint8Array> {
    const { size, mtimeMs } = await stat(path);
    const key = createHash('sha256').update(`${path}\n${size}\n${mtimeMs}`).digest('hex');
    const found = this.making.get(key) ?? this.kept(key, path);
    this.making.set(key, found);
    try {
      return await found;
    } finally {
      this.making.delete(key);
    }
  }

  private async kept(key: string, path: string): Promise<Uint8Array> {
    const file = join(this.folder, `${key}.webp`);
    const known = await readFile(file).catch(() => undefined);
    // One that was cut by a full disk is made again.
    if (known && known.subarray(8, 12).toString('latin1') === 'WEBP' && known.readUInt32LE(4) + 8 === known.length)
      return known;
    const made = await reduced(path, SIDE);
    await mkdir(this.folder, { recursive: true }).catch(() => undefined);
    await writeAside(file, made).catch(() => undefined);
    this.made += 1;
    if (this.made % SWEEP_EVERY === 0) void this.sweep();
    return made;
  }

  private async sweep(): Promise<void> {
    const names = await readdir(this.folder).catch(() => [] as string[]);
    if (names.length <= KEPT) return;
    const dated = await Promise.all(
      names.map(async (name) => ({ name, at: (await plainFile(this.folder, name))?.at ?? 0 })),
    );
    for (const { name } of dated.sort((a, b) => a.at - b.at).slice(0, names.length - KEPT))
      await rm(join(this.folder, name), { force: true }).catch(() => undefined);
  }
}
