/** Puts the parts together: engine, registry, jobs, HTTP and sockets. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import {
  BUILT,
  darkroom,
  Engine,
  type EngineOptions,
  failure,
  loadRegistry,
  messageOf,
  openJournal,
  type Policy,
  plainError,
  type RegisteredPlugin,
  sweepParts,
  takeLock,
  WANTS,
  type Want,
  workImagesWith,
  writeWhole,
} from '../core/index.ts';
import { DEFAULT_PORT, version } from './about.ts';
import { allowedModel, DATA, pluginFolder, pluginPlace, readAllowed } from './files.ts';
import { generatePictures } from './generate-pictures.ts';
import { Grants } from './grants.ts';
import { createApp } from './http/app.ts';
import { checkedToken, guardServer, isLoopback } from './http/guard.ts';
import { attachSockets } from './http/sockets.ts';
import { Thumbnails } from './http/thumbnails.ts';
import { Jobs } from './jobs.ts';
import { fileName } from './names.ts';
import { gatherPictures, type PicturePlaces } from './pictures.ts';
import { pluginFolders, usable } from './plugins.ts';
import { RunMemory } from './runs/memory.ts';
import { Uploads } from './uploads.ts';
import { type Hello, pluginSchema } from './wire.ts';

export interface ServerOptions {
  readonly host?: string;
  /** 0 chooses a free one. */
  readonly port?: number;
  readonly engine?: EngineOptions;
  /** Folders of pictures that may be read. */
  readonly allow?: readonly string[];
  /** Folders of plugins beside the built-in one. */
  readonly plugins?: readonly string[];
  /** Where gallery and uploads are kept. */
  readonly data?: string;
  readonly token?: string;
  /** Pictures that it blocks are held back. */
  readonly policy?: Policy;
  readonly logger: Logger;
}

export interface RunningServer {
  /** The studio's address, with the token when one is wanted. */
  readonly url: string;
  /** The next free one where the wished one was taken. */
  readonly port: number;
  readonly jobs: Jobs;
  /** Whether plugins are there that do not ship with Lodestone. */
  readonly strangers: boolean;
  close(): Promise<void>;
}

/** The token of a data folder: the same after a restart, so that open pages go on. */
async function keptToken(data: string): Promise<string> {
  const path = join(data, 'token');
  const known = await readFile(path, 'utf8').catch(() => '');
  if (/^[0-9a-f-]{36}$/.test(known)) return known;
  const made = randomUUID();
  await writeWhole(path, made, { secret: true });
  return made;
}

/** How long closing waits for those that still take something. */
const CLOSE_MS = 3000;

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host = '127.0.0.1', port = DEFAULT_PORT, logger, data = DATA, allow = [], plugins = [] } = options;
  if (options.token !== undefined) checkedToken(options.token);
  const [gallery, reports] = [join(data, 'gallery'), join(data, 'reports')];
  const uploadsFolder = join(data, 'uploads');
  await Promise.all([gallery, uploadsFolder, reports].map((folder) => mkdir(folder, { recursive: true }))).catch(
    (cause: unknown) => {
      throw failure('FILE_WRITE', { path: data, what: messageOf(cause) }, cause);
    },
  );
  const lock = await takeLock(join(data, '.lock'));
  if ('heldBy' in lock) throw failure('DATA_IN_USE', { folder: data, pid: lock.heldBy });
  const closing: (() => Promise<unknown>)[] = [lock.release];
  const closeAll = async (): Promise<void> => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  try {
    if (lock.wasLeft)
      logger.warn(
        { folder: data },
        'The last Lodestone on this data folder ended without closing: what ran then goes on from its last state.',
      );
    // Nobody else writes there: what is half-written was left by a process that was killed.
    for (const folder of [gallery, uploadsFolder, reports, data]) await sweepParts(folder);
    const token = options.token ?? (isLoopback(host) ? undefined : await keptToken(data));
    // Pictures of others are opened in a process that may be ended.
    const restored = workImagesWith(darkroom());
    closing.push(async () => restored());
    const engine = new Engine(options.engine);
    closing.push(() => engine.close());
    const registry = usable(await loadRegistry(pluginFolders(plugins)));
    for (const broken of registry.broken) logger.warn({ code: broken.code }, broken.message);
    const uploads = new Uploads(uploadsFolder, () => uploadsIn(jobs));
    const places: PicturePlaces = {
      allowed: [gallery, ...allow],
      uploads: uploadsFolder,
      touched: (name) => uploads.touched(name),
    };
    const grants = new Grants(data);
    const warn = (line: string): void => logger.warn({ folder: data }, line);
    const memory = new RunMemory(openJournal(join(data, 'runs.sqlite'), warn), warn);
    const jobs = new Jobs(
      {
        ...(options.policy ? { policy: options.policy } : {}),
        engine,
        pictures: (fields, signal, say) => gatherPictures(fields, places, signal, say),
        read: (file) => readAllowed(file, places),
        model: (name, signal) => allowedModel(name, places, signal),
        folder: (plugin) => pluginFolder(data, plugin),
        folderOf: (plugin) => pluginPlace(data, plugin),
        generate: async (request, signal, say) => {
          await uploads.makeRoom();
          return generatePictures(request, { folder: uploadsFolder, signal, say });
        },
        log: (message) => logger.info({ from: 'plugin' }, message),
        failed: (job, error) => logger.info({ code: error.code, plugin: job.plugin.id, job: job.id }, error.message),
        keep: async (job, picture, count) => {
          const extension = picture.mime.slice('image/'.length).replace('jpeg', 'jpg').replace('svg+xml', 'svg');
          const file = `${fileName(picture.title.toLowerCase())}-${job.id.slice(0, 8)}${count > 0 ? `-${count + 1}` : ''}.${extension}`;
          await writeWhole(join(gallery, file), picture.bytes);
          return file;
        },
        keepFile: async (job, { name, bytes }) => {
          const file = `${job.id.slice(0, 8)}-${name}`;
          await writeWhole(join(reports, file), bytes);
          return file;
        },
        plugin: async (id) => {
          const plugin = registry.find(id);
          return { plugin, granted: await grants.of(plugin) };
        },
      },
      memory,
    );
    closing.push(() => jobs.close());
    const about = { version: await version(), broken: registry.broken.map(plainError) };
    const shown = async (plugin: RegisteredPlugin): Promise<Hello['plugins'][number]> => {
      const granted = await grants.of(plugin).catch((): readonly Want[] => []);
      const missing = plugin.wants.filter((want) => !granted.includes(want));
      return pluginSchema.parse({ ...plugin, wants: missing.map((name) => ({ name, words: WANTS[name] })) });
    };
    const hello = async (): Promise<Hello> => {
      const info = await engine.info().catch((thrown: unknown) => {
        logger.error(plainError(thrown));
        return undefined;
      });
      const shownPlugins = await Promise.all(registry.plugins.map(shown));
      const model = info ? { model: { family: info.family, side: info.side, hash: info.hash } } : {};
      return { ...about, plugins: shownPlugins, ...model };
    };
    const thumbnails = new Thumbnails(join(data, 'thumbnails'));
    const http = createServer(
      createApp({ jobs, gallery, uploads, thumbnails, reports, places, logger, web: join(BUILT, 'web') }),
    );
    const io = attachSockets(http, { jobs, registry, hello, grants, logger });
    guardServer(http, { host, logger, ...(token ? { token } : {}) });
    const { waiting, interrupted, unreadable } = jobs.recall();
    if (waiting + interrupted > 0) logger.info({ waiting, interrupted }, 'Runs of before are taken up.');
    if (unreadable > 0) warn(`${unreadable} runs of before could not be read, and were forgotten.`);
    await listening(http, host, port);
    closing.push(async () => {
      // Nobody new; what is under way may end; then the doors are shut.
      const closed = io.close();
      await jobs.close();
      const timer = setTimeout(() => http.closeAllConnections(), CLOSE_MS).unref();
      http.closeIdleConnections();
      await closed;
      clearTimeout(timer);
    });
    const { port: bound } = http.address() as AddressInfo; // a TCP server's address is one of these
    return {
      url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/${token ? `?token=${token}` : ''}`,
      port: bound,
      jobs,
      strangers: registry.plugins.some((p) => !p.builtIn),
      close: closeAll,
    };
  } catch (thrown) {
    await closeAll();
    throw thrown;
  }
}

/** Names of uploads that stand in the parameters of runs that are still to be seen. */
function uploadsIn(jobs: Jobs): ReadonlySet<string> {
  const text = JSON.stringify(jobs.list().map((job) => job.parameters));
  return new Set([...text.matchAll(/upload:([^"\\\]|\s]+)/gu)].map(([, name = '']) => name));
}

/** Ports that are tried after one that is taken. */
const NEXT_PORTS = 20;

/** Listens on the port, or on the first after it that is free. Throws USAGE. */
async function listening(http: Server, host: string, port: number): Promise<void> {
  for (let next = port; ; next++) {
    const cause = await listens(http, host, next);
    if (!cause) return;
    const goesOn = cause.code === 'EADDRINUSE' && next < Math.min(65_535, port + NEXT_PORTS);
    if (goesOn) continue;
    throw failure(
      'USAGE',
      { what: `The server cannot listen on ${host}:${port}: ${messageOf(cause)}. Choose another with --port.` },
      cause,
    );
  }
}

/** Why it cannot; nothing when it does. */
const listens = (http: Server, host: string, port: number): Promise<NodeJS.ErrnoException | undefined> =>
  new Promise((resolve) => {
    http.once('error', resolve);
    http.listen(port, host, () => {
      http.off('error', resolve);
      resolve(undefined);
    });
  });
