/** Pictures that people send, and those that are fetched or made for them: a folder of bounded size, in which the oldest that no run names make room. */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readdir, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { failure, image, messageOf, plainError } from '../core/index.ts';
import { plainFile } from './http/within.ts';
import { fileName } from './names.ts';

const SIZE_LIMIT = 64 << 20;
const KEPT = 5000;
/** Uploads that are taken at once, and those that may wait. */
const AT_ONCE = 3;
const WAITING = 64;
const NAME_LIMIT = 80;
const PIXEL_LIMIT = 100_000_000;

export class Uploads {
  readonly folder: string;
  /** Names that runs still need. */
  private readonly inUse: () => ReadonlySet<string>;
  private readonly kept: number;
  private taking = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(folder: string, inUse: () => ReadonlySet<string>, kept = KEPT) {
    this.folder = folder;
    this.inUse = inUse;
    this.kept = kept;
  }

  /** Writes a stream to a file as it comes, and returns its name. Throws UPLOAD_TOO_LARGE, UPLOADS_BUSY, PICTURE_UNREADABLE, FILE_WRITE. */
  async take(stream: Readable, { name, length }: { readonly name: string; readonly length: number }): Promise<string> {
    if (length > SIZE_LIMIT) throw tooLarge();
    await this.turn();
    const aside = join(this.folder, `.${randomUUID()}.part`);
    try {
      const size = await written(stream, aside);
      if (size === 0) throw failure('PICTURE_UNREADABLE', { picture: 'the upload', what: 'it is empty' });
      const { format } = await image(aside, { limitInputPixels: PIXEL_LIMIT }, 'the upload').metadata();
      const file = `${randomUUID().slice(0, 8)}-${fileName(name.replace(/\.[^.]*$/, ''), NAME_LIMIT)}.${format}`;
      await rename(aside, join(this.folder, file));
      await this.makeRoom();
      return file;
    } finally {
      await rm(aside, { force: true }).catch(() => undefined);
      this.taking -= 1;
      this.waiting.shift()?.();
    }
  }

  /** The oldest that no run names go, until there are no more than are kept. */
  async makeRoom(): Promise<void> {
    const names = await readdir(this.folder).catch(() => [] as string[]);
    if (names.length <= this.kept) return;
    const used = this.inUse();
    const dated = await Promise.all(
      names.map(async (name) => ({ name, at: (await plainFile(this.folder, name))?.at ?? 0 })),
    );
    const oldest = dated.filter(({ name }) => !used.has(name) && !name.startsWith('.')).sort((a, b) => a.at - b.at);
    for (const { name } of oldest.slice(0, names.length - this.kept))
      await rm(join(this.folder, name), { force: true });
  }

  /** A file that is asked for is young again. */
  async touched(name: string): Promise<void> {
    const now = new Date();
    await utimes(join(this.folder, name), now, now).catch(() => undefined);
  }

  private async turn(): Promise<void> {
    if (this.waiting.length >= WAITING) throw failure('UPLOADS_BUSY', { limit: WAITING });
    if (this.taking >= AT_ONCE) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.taking += 1;
  }
}

const tooLarge = () => failure('UPLOAD_TOO_LARGE', { limit: `${SIZE_LIMIT >> 20} MiB` });

async function written(stream: Readable, file: string): Promise<number> {
  let size = 0;
  try {
    await pipeline(
      stream,
      async function* (source: AsyncIterable<Buffer>) {
        for await (const piece of source) {
          size += piece.byteLength;
          if (size > SIZE_LIMIT) throw tooLarge();
          yield piece;
        }
      },
      createWriteStream(file, { flags: 'wx' }),
    );
    return size;
  } catch (cause) {
    if (plainError(cause).code === 'UPLOAD_TOO_LARGE') throw cause;
    throw failure('FILE_WRITE', { path: file, what: messageOf(cause) }, cause);
  }
}
