/** Takes a folder or a name for one process at a time. A lock whose owner has ended, or that nobody has touched for a while, is taken over. */
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { link, mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import os from 'node:os';
import { dirname } from 'node:path';
import { z } from 'zod';

const ownerSchema = z.object({ pid: z.int().positive(), started: z.string(), host: z.string(), id: z.string() });
type Owner = z.output<typeof ownerSchema>;

const TOUCH_MS = 10_000;
const STALE_MS = 60_000;
const TRIES = 5;

/** When a process began, as far as the system says: numbers of processes are given again. */
function startOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before it may hold anything, brackets too; the beginning is the 20th field after it.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isAlive({ pid, started }: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return started === '' || startOf(pid) === '' || startOf(pid) === started;
}

async function ownerOf(path: string): Promise<Owner | undefined> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

async function isHeld(path: string, owner: Owner | undefined): Promise<boolean> {
  const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? 0);
  if (age > STALE_MS) return false;
  // One that is not written yet, or damaged, counts until it is old.
  return !owner || owner.host !== os.hostname() || isAlive(owner);
}

/** Moves a lock that nobody holds out of the way; puts it back should it have become somebody's in between. */
async function takeAway(path: string, known: Owner | undefined): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside).catch(() => undefined);
  const moved = await ownerOf(aside);
  if (moved && moved.id !== known?.id) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

/** What gives the lock back, and whether its last owner ended without doing so; or the number of the process that holds it. */
export type Taken =
  | { readonly release: () => Promise<void>; readonly wasLeft: boolean }
  | { readonly heldBy: number | undefined };

export async function takeLock(path: string): Promise<Taken> {
  await mkdir(dirname(path), { recursive: true });
  const own: Owner = { pid: process.pid, started: startOf(process.pid), host: os.hostname(), id: randomUUID() };
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(JSON.stringify(own));
      await file.close();
      return { release: held(path), wasLeft: tries > 0 };
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    }
    const owner = await ownerOf(path);
    if (await isHeld(path, owner)) return { heldBy: owner?.pid };
    await takeAway(path, owner);
  }
  return { heldBy: (await ownerOf(path))?.pid };
}

function held(path: string): () => Promise<void> {
  const touch = setInterval(() => {
    const now = new Date();
    void utimes(path, now, now).catch(() => undefined);
  }, TOUCH_MS);
  touch.unref();
  const atExit = (): void => rmSync(path, { force: true });
  process.once('exit', atExit);
  return async () => {
    clearInterval(touch);
    process.off('exit', atExit);
    await rm(path, { force: true });
  };
}
