/** The cache that Hugging Face's own tools share: `blobs` hold contents by hash, `snapshots/<commit>` link to them, `refs` name commits. */
import { mkdir, readFile, stat, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { lock } from 'proper-lockfile';
import { writeWhole } from '../../files.ts';

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

export const isFile = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isFile() ?? false;

/** Links `snapshots/<commit>/<path>` to the blob, or copies where links are not allowed. */
export async function link(c: RepositoryCache, commit: string, path: string, hash: string): Promise<void> {
  const pointer = join(c.snapshot(commit), path);
  if (await isFile(pointer)) return;
  await mkdir(dirname(pointer), { recursive: true });
  await symlink(relative(dirname(pointer), c.blob(hash)), pointer).catch(async (thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'EEXIST') return;
    await writeWhole(pointer, await readFile(c.blob(hash)));
  });
}

const STALE_MS = 20_000;
/** Runs `work` while no other process fetches the same blob. */
export async function alone<T>(blob: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(blob), { recursive: true });
  const release = await lock(blob, {
    realpath: false,
    stale: STALE_MS,
    retries: { forever: true, minTimeout: 100, maxTimeout: 1000 },
  });
  try {
    return await work();
  } finally {
    await release().catch(() => undefined);
  }
}
