/** Writing and listing files so that bad luck never costs work: aside and renamed, sorted, bounded. */
import { randomUUID } from 'node:crypto';
import { access, constants, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { failure, messageOf } from './errors.ts';

const RENAME_TRIES = 10;

/** Another program that has the file open, a virus scanner say, keeps Windows from renaming onto it for a moment. */
async function renamed(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await rename(from, to);
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      if (attempt >= RENAME_TRIES || (code !== 'EPERM' && code !== 'EACCES' && code !== 'EBUSY')) throw thrown;
      await setTimeout(20 * attempt);
    }
  }
}

/** A name in a folder lasts when the folder was flushed; not every system lets one do that. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close().catch(() => undefined);
}

interface How {
  readonly lasting: boolean;
  readonly secret: boolean;
}
async function written(path: string, content: Uint8Array | string, { lasting, secret }: How): Promise<void> {
  const aside = join(dirname(path), `.${randomUUID()}.part`);
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(aside, 'wx', secret ? 0o600 : 0o666);
    try {
      await file.writeFile(content);
      if (lasting) await file.sync();
    } finally {
      await file.close();
    }
    await renamed(aside, path);
    if (lasting) await flushFolder(dirname(path));
  } catch (cause) {
    await rm(aside, { force: true }).catch(() => undefined);
    throw failure('FILE_WRITE', { path, what: messageOf(cause) }, cause);
  }
}

const statOf = (path: string) =>
  stat(path).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'ENOENT') throw thrown;
  });

/** Throws FILE_WRITE where no file can be made, before work goes into what it is to hold. Makes nothing. */
export async function checkPlace(path: string): Promise<void> {
  try {
    if ((await statOf(path))?.isDirectory()) throw new Error('a folder of this name is there');
    let folder = dirname(resolve(path));
    let found = await statOf(folder);
    for (; !found; found = await statOf(folder)) folder = dirname(folder);
    if (!found.isDirectory()) throw new Error(`${folder} is no folder`);
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw failure('FILE_WRITE', { path, what: messageOf(cause) }, cause);
  }
}

/** Writes the whole file or nothing: aside first, flushed, then renamed into place. A secret is for its owner's eyes alone. Throws FILE_WRITE. */
export const writeWhole = (
  path: string,
  content: Uint8Array | string,
  { secret = false }: { readonly secret?: boolean } = {},
): Promise<void> => written(path, content, { lasting: true, secret });

/** The same for what can be made again: whole at any moment, but not flushed. Throws FILE_WRITE. */
export const writeAside = (path: string, content: Uint8Array | string): Promise<void> =>
  written(path, content, { lasting: false, secret: false });

/** What writing left behind when a process was killed; to be called where nobody writes. */
export async function sweepParts(folder: string): Promise<number> {
  let swept = 0;
  const names = await readdir(folder).catch(() => [] as string[]);
  for (const name of names)
    if (/^\.[0-9a-f-]{36}\.part$/.test(name)) {
      await rm(join(folder, name), { force: true }).catch(() => undefined);
      swept += 1;
    }
  return swept;
}
