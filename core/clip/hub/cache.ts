/** The cache that Hugging Face's own tools share: `blobs` hold contents by hash, `snapshots/<commit>` link to them, `refs` name commits. */
import { mkdir, readFile, realpath, rm, stat, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { failure } from '../../errors.ts';
import { writeWhole } from '../../files.ts';
import { lockfile } from '../../required.ts';
import { contentHash, gitHash } from '../hash-files.ts';
import type { Store } from '../store.ts';

/** Where models are kept: HF_HUB_CACHE, HF_HOME/hub, or ~/.cache/huggingface/hub (huggingface_hub, constants). */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const home = env['HF_HOME'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'huggingface');
  return env['HF_HUB_CACHE'] ?? env['HUGGINGFACE_HUB_CACHE'] ?? join(home, 'hub');
}

export interface RepositoryCache {
  readonly root: string;
  blob(hash: string): string;
  snapshot(commit: string): string;
}
export function repositoryCache(cache: string, repository: string): RepositoryCache {
  const root = join(cache, `models--${repository.replaceAll('/', '--')}`);
  return { root, blob: (hash) => join(root, 'blobs', hash), snapshot: (commit) => join(root, 'snapshots', commit) };
}

const COMMIT = /^[0-9a-f]{40}$/;
const refFile = (c: RepositoryCache, revision: string): string => join(c.root, 'refs', ...revision.split('/'));

/** The commit that a revision was when it was last fetched. */
export async function rememberedCommit(c: RepositoryCache, revision: string): Promise<string | undefined> {
  if (COMMIT.test(revision)) return revision;
  const text = (await readFile(refFile(c, revision), 'utf8').catch(() => '')).trim();
  return COMMIT.test(text) ? text : undefined;
}
export async function rememberCommit(c: RepositoryCache, revision: string, commit: string): Promise<void> {
  if (revision !== commit) await writeWhole(refFile(c, revision), commit);
}

/** Links `snapshots/<commit>/<path>` to the blob, or copies where links are not allowed. */
export async function link(c: RepositoryCache, commit: string, path: string, hash: string): Promise<void> {
  const pointer = join(c.snapshot(commit), path);
  if ((await stat(pointer).catch(() => undefined))?.isFile()) return;
  await mkdir(dirname(pointer), { recursive: true });
  await symlink(relative(dirname(pointer), c.blob(hash)), pointer).catch(async (thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'EEXIST') return;
    await writeWhole(pointer, await readFile(c.blob(hash)));
  });
}

const STALE_MS = 20_000;
const LOOK_AGAIN_MS = 300;

/** Settles when no other process holds the blob, and holds it. Throws CANCELLED. */
async function held(blob: string, signal: AbortSignal | undefined): Promise<() => Promise<void>> {
  for (;;) {
    try {
      // A lock that somebody took away is no reason to end the program: what is fetched is checked by its hash before it counts.
      return await lockfile().lock(blob, { realpath: false, stale: STALE_MS, onCompromised: () => undefined });
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ELOCKED') throw thrown;
    }
    await setTimeout(LOOK_AGAIN_MS, undefined, signal ? { signal } : {}).catch(() => {
      throw failure('CANCELLED', {});
    });
  }
}

/** Runs `work` while no other process fetches the same blob. Throws CANCELLED. */
export async function alone<T>(blob: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(blob), { recursive: true });
  const release = await held(blob, signal);
  try {
    return await work();
  } finally {
    await release().catch(() => undefined);
  }
}

const BLOB = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Whether a file has the hash that its blob is named by. Large files are read once, and then when their size or time of change is another. */
export async function isSound(path: string, store: Store, size?: number): Promise<boolean> {
  try {
    const real = await realpath(path);
    const found = await stat(real);
    if (!found.isFile() || (size !== undefined && found.size !== size)) return false;
    const name = basename(real);
    if (!BLOB.test(name)) return true;
    return (await (name.length === 64 ? contentHash(real, store) : gitHash(real))) === name;
  } catch {
    return false;
  }
}

/** Takes a damaged file out of the cache, with what it was named by. */
export async function discard(path: string): Promise<void> {
  const real = await realpath(path).catch(() => path);
  for (const file of new Set([real, path])) await rm(file, { force: true });
}
