/** Brings a repository of a hub into the cache: its settings, the graphs of one precision and their weights, and nothing else. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { failure, LodestoneError, messageOf } from '../../errors.ts';
import { readOnnx } from '../../graph/index.ts';
import { guidingIn, openFolder, readGraph } from '../folder.ts';
import { CONFIGS, chosenGraphs, SETTINGS } from '../layout.ts';
import { openStore, type Store } from '../store.ts';
import {
  alone,
  cacheFolder,
  discard,
  isSound,
  link,
  rememberCommit,
  rememberedCommit,
  repositoryCache,
} from './cache.ts';
import type { Connection, Patience } from './connection.ts';
import { PATIENCE, refusal, request } from './connection.ts';
import type { RemoteFile } from './transfer.ts';
import { transfer } from './transfer.ts';

export interface FetchProgress {
  readonly file: string;
  /** Bytes of all files that are here, and of all. */
  readonly done: number;
  readonly total: number;
}
export interface FetchOptions {
  readonly revision?: string;
  /** Precision, see ModelOptions. */
  readonly variant?: string;
  /** HF_TOKEN when absent. */
  readonly token?: string;
  /** Only what the cache holds; HF_HUB_OFFLINE=1 when absent. */
  readonly offline?: boolean;
  /** A mirror; HF_ENDPOINT, or the hub itself, when absent. */
  readonly hub?: string;
  readonly cache?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FetchProgress) => void;
  readonly patience?: Partial<Patience>;
}

const FILES_LIMIT = 20_000;
/** Graphs larger than this hold their weights themselves; smaller ones are read for the names of other files. */
const SMALL_GRAPH = 64 << 20;
const NAME = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[^\0\\/][^\0\\]*$/;
const HASH = /^[0-9a-f]{40}$|^[0-9a-f]{64}$/;

class Repository {
  readonly cache;
  readonly connection: Connection;
  private readonly token: string | undefined;
  private readonly name: string;
  private readonly options: FetchOptions;
  private files: readonly RemoteFile[] = [];
  private readonly arrived = new Map<string, number>();
  readonly store = openStore();

  constructor(name: string, options: FetchOptions) {
    this.name = name;
    this.options = options;
    this.token = options.token ?? process.env['HF_TOKEN'];
    this.cache = repositoryCache(options.cache ?? cacheFolder(), name);
    this.connection = {
      repository: name,
      fetch,
      patience: { ...PATIENCE, ...options.patience },
      ...(options.signal ? { signal: options.signal } : {}),
    };
  }

  private api(hub: string): { hubUrl: string; fetch: typeof fetch; accessToken?: string } {
    return {
      hubUrl: hub,
      fetch: (url, init) => request(this.connection, url, init),
      ...(this.token ? { accessToken: this.token } : {}),
    };
  }

  /** Asks the hub which commit a revision is and what it holds. */
  async open(revision: string): Promise<string> {
    // The client is a large library, and most commands fetch nothing.
    const { HUB_URL, HubApiError, listFiles, modelInfo } = await import('@huggingface/hub');
    const hub = (this.options.hub ?? process.env['HF_ENDPOINT'] ?? HUB_URL).replace(/\/+$/, '');
    const api = this.api(hub);
    try {
      const { sha } = await modelInfo({ name: this.name, revision, additionalFields: ['sha'], ...api });
      const files: RemoteFile[] = [];
      for await (const entry of listFiles({ repo: this.name, revision: sha, recursive: true, ...api })) {
        const hash = entry.lfs?.oid ?? entry.oid ?? '';
        if (entry.type !== 'file' || !NAME.test(entry.path) || !HASH.test(hash)) continue;
        if (files.length >= FILES_LIMIT)
          throw failure('HUB_FAILED', { repository: this.name, what: `it holds more than ${FILES_LIMIT} files` });
        files.push({
          path: entry.path,
          size: entry.lfs?.size ?? entry.size,
          hash,
          url: `${hub}/${this.name}/resolve/${sha}/${entry.path.split('/').map(encodeURIComponent).join('/')}`,
          headers: this.token ? { Authorization: `Bearer ${this.token}` } : {},
        });
      }
      this.files = files;
      return sha;
    } catch (thrown) {
      if (thrown instanceof LodestoneError) throw thrown;
      if (thrown instanceof HubApiError) throw refusal(this.connection, thrown.statusCode, `revision "${revision}"`);
      throw failure(
        'HUB_FAILED',
        { repository: this.name, what: `the hub gave an answer that cannot be read (${messageOf(thrown)})` },
        thrown,
      );
    }
  }

  /** Settings, and the graphs of one precision with what lies beside them under their name; `guiding` is the one that the settings name for gradients. */
  wanted(guiding?: string): readonly RemoteFile[] {
    const names = this.files.map((f) => f.path);
    const graphs = chosenGraphs(
      this.name,
      names.filter((n) => n.endsWith('.onnx') && n.split('/').length <= 2 && n !== guiding),
      this.options.variant,
    );
    const towers = [graphs.vision, graphs.text].filter((p) => p !== undefined);
    const own = towers.length > 0 ? towers : [graphs.combined].filter((p) => p !== undefined);
    const chosen = [...own, ...(guiding === undefined ? [] : [guiding])];
    const weights = names.filter((n) =>
      chosen.some(
        (g) => n !== g && n.startsWith(g.replace(/\.onnx$/, '.onnx')) && posix.dirname(n) === posix.dirname(g),
      ),
    );
    return this.named([...SETTINGS, ...weights, ...chosen.toReversed()]);
  }

  named(paths: readonly string[]): readonly RemoteFile[] {
    return paths.flatMap((path) => this.files.filter((f) => f.path === path));
  }

  /** Fetches what the cache does not have yet; two processes may do so at once. Of how much is to come nothing is told before it is known. */
  async bring(commit: string, files: readonly RemoteFile[], total?: number): Promise<void> {
    for (const file of files) {
      const blob = this.cache.blob(file.hash);
      const said = (have: number): void => {
        this.arrived.set(file.path, have);
        if (total === undefined) return;
        this.options.onProgress?.({
          file: file.path,
          done: [...this.arrived.values()].reduce((a, b) => a + b, 0),
          total,
        });
      };
      if (!(await isSound(blob, this.store, file.size)))
        await alone(blob, this.options.signal, async () => {
          if (await isSound(blob, this.store, file.size)) return;
          await discard(blob);
          await transfer(this.connection, file, blob, said);
        });
      said(file.size);
      await link(this.cache, commit, file.path, file.hash);
    }
  }

  /** Files that the graphs keep weights in, under whatever names. */
  async external(commit: string, graphs: readonly RemoteFile[]): Promise<readonly RemoteFile[]> {
    const found: string[] = [];
    for (const { path } of graphs.filter((f) => f.path.endsWith('.onnx'))) {
      const local = posix.join(this.cache.snapshot(commit), path);
      if (((await stat(local).catch(() => undefined))?.size ?? SMALL_GRAPH) >= SMALL_GRAPH) continue;
      const graph = readOnnx({ bytes: await readFile(local), name: path, file: path });
      for (const { origin } of graph.initialisers.values())
        if (origin && origin.file !== path) found.push(posix.normalize(origin.file));
    }
    return this.named(found);
  }
}

const offlineAsked = (o: FetchOptions): boolean =>
  o.offline ?? ['1', 'true', 'yes', 'on'].includes((process.env['HF_HUB_OFFLINE'] ?? '').toLowerCase());

type Kept = { readonly is: 'whole' | 'missing' } | { readonly is: 'damaged'; readonly file: string };

/** Whether the cache holds a whole model: files are brought in an order in which the image tower comes last. */
async function keptIn(snapshot: string, variant: string | undefined, store: Store): Promise<Kept> {
  for (const file of await filesUnder(snapshot)) if (!(await isSound(file, store))) return { is: 'damaged', file };
  try {
    const folder = await openFolder(snapshot, variant);
    const graphs = [folder.vision ?? folder.combined, folder.text].filter((g) => g !== undefined);
    for (const graph of graphs)
      if (((await stat(posix.join(folder.graphs, graph))).size ?? 0) < SMALL_GRAPH) await readGraph(folder, graph);
    return { is: (folder.vision ?? folder.combined) ? 'whole' : 'missing' };
  } catch {
    return { is: 'missing' };
  }
}

/** What links in a snapshot lead to nowhere counts too: its content was there once. */
async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = entries.map(async (entry) => {
    const path = posix.join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
  return (await Promise.all(found)).flat();
}

const notToBeHad = (repository: string, kept: Kept, cause?: unknown): LodestoneError =>
  kept.is === 'damaged'
    ? failure('HUB_DAMAGED', { repository, file: kept.file }, cause)
    : failure('HUB_OFFLINE', { repository }, cause);

/** The folder of the model in the cache. Throws HUB_DENIED, HUB_MISSING, HUB_BUSY, HUB_FAILED, HUB_CORRUPT, HUB_OFFLINE, CANCELLED. */
export async function fetchModel(name: string, options: FetchOptions = {}): Promise<string> {
  const revision = options.revision ?? 'main';
  const repository = new Repository(name, options);
  const before = await rememberedCommit(repository.cache, revision);
  const known = before && repository.cache.snapshot(before);
  const kept: Kept = known === undefined ? { is: 'missing' } : await keptIn(known, options.variant, repository.store);
  const ready = kept.is === 'whole';
  if (offlineAsked(options)) {
    if (known && ready) return known;
    throw notToBeHad(name, kept);
  }
  let commit: string;
  try {
    commit = await repository.open(revision);
  } catch (thrown) {
    // A hub that is down or far away does not stop who has the model already.
    if (known && ready && thrown instanceof LodestoneError && thrown.code === 'HUB_FAILED') return known;
    throw kept.is === 'damaged' ? notToBeHad(name, kept, thrown) : thrown;
  }
  const sum = (files: readonly RemoteFile[]): number => files.reduce((n, f) => n + f.size, 0);
  // It tells of graphs that no name tells of.
  const configs = repository.named(CONFIGS);
  await repository.bring(commit, configs);
  const wanted = repository.wanted(await guidingIn(repository.cache.snapshot(commit)));
  await repository.bring(commit, wanted, sum(wanted));
  const more = (await repository.external(commit, wanted)).filter((f) => !wanted.includes(f));
  await repository.bring(commit, more, sum(wanted) + sum(more));
  const folder = repository.cache.snapshot(commit);
  await rememberCommit(repository.cache, revision, commit);
  return folder;
}
