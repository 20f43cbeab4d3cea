/** Puts the parts together: engine, registry, jobs, HTTP and sockets. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  BUILT,
  failure,
  messageOf,
  openJournal,
  openKept,
  plainError,
  type RegisteredPlugin,
  WANTS,
  type Want,
  writeWhole,
} from '../core/index.ts';
import { DEFAULT_PORT, version } from './about.ts';
import { Described } from './data/described.ts';
import { Stars } from './data/stars.ts';
import { Frames } from './frames.ts';
import { createApp } from './http/app.ts';
import { checkedToken, guardServer, isLoopback } from './http/guard.ts';
import { attachSockets } from './http/sockets.ts';
import { Thumbnails } from './http/thumbnails.ts';
import { Jobs } from './jobs.ts';
import type { LiveRegistry } from './live-registry.ts';
import { Metrics } from './metrics.ts';
import { openRedisRuns } from './redis/runs.ts';
import { EmbeddedRuns } from './runs/embedded.ts';
import { type Hello, pluginSchema } from './wire.ts';
import { startWork } from './work/worker.ts';
import { openWorkplace, type WorkplaceOptions } from './work/workplace.ts';

export interface ServerOptions extends WorkplaceOptions {
  readonly host?: string;
  /** 0 chooses a free one. */
  readonly port?: number;
  readonly token?: string;
  /** The address of a Redis where runs are kept for several servers and workers; a file of the data folder, and nobody else, when absent. */
  readonly redis?: string;
  /** Whether it works on runs itself, which it does unless told otherwise. */
  readonly works?: boolean;
}

export interface RunningServer {
  /** The studio's address, with the token when one is wanted. */
  readonly url: string;
  /** The next free one where the wished one was taken. */
  readonly port: number;
  readonly jobs: Jobs;
  /** Whether plugins are there that do not ship with Lodestone. */
  readonly strangers: boolean;
  readonly registry: LiveRegistry;
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
  const { host = '127.0.0.1', port = DEFAULT_PORT, logger, redis, works = true } = options;
  if (options.token !== undefined) checkedToken(options.token);
  const place = await openWorkplace(options, { shared: redis !== undefined, inUse: () => uploadsIn(jobs) });
  const { data, closing, engine, registry, grants } = place;
  let jobs: Jobs;
  try {
    const token = options.token ?? (isLoopback(host) ? undefined : await keptToken(data));
    const warn = (line: string): void => logger.warn({ folder: data }, line);
    const store =
      redis === undefined
        ? new EmbeddedRuns(openJournal(join(data, 'runs.sqlite'), warn), warn)
        : await openRedisRuns(redis, logger);
    closing.push(() => store.close());
    jobs = new Jobs(store, place.plugin);
    const sketches = new Stars(data, 'sketches.json');
    jobs.on('happened', ({ sketch }, event) => {
      if (sketch && event.type === 'picture')
        void sketches.change([event.file], true).catch((thrown: unknown) => logger.error(plainError(thrown)));
    });
    const about = { version: await version() };
    const shown = async (plugin: RegisteredPlugin): Promise<Hello['plugins'][number]> => {
      const granted = await grants.of(plugin).catch((): readonly Want[] => []);
      const missing = plugin.wants.filter((want) => !granted.includes(want));
      return pluginSchema.parse({ ...plugin, wants: missing.map((name) => ({ name, words: WANTS[name] })) });
    };
    const hello = async (): Promise<Hello> => {
      // Who only serves has no need of a model in memory.
      const info = works
        ? await engine.info().catch((thrown: unknown) => {
            logger.error(plainError(thrown));
            return undefined;
          })
        : undefined;
      const shownPlugins = await Promise.all(registry.plugins.map(shown));
      const model = info ? { model: { family: info.family, side: info.side, hash: info.hash } } : {};
      return {
        ...about,
        broken: registry.broken.map(plainError),
        plugins: shownPlugins,
        ...model,
        ...(works ? {} : { elsewhere: true }),
      };
    };
    const thumbnails = new Thumbnails(join(data, 'thumbnails'));
    const says = openKept(join(data, 'shelf.sqlite'), { say: warn });
    closing.push(async () => says.close());
    const metrics = new Metrics(jobs, () => io.engine.clientsCount);
    const http = createServer(
      createApp({
        ...place,
        jobs,
        thumbnails,
        frames: new Frames(join(data, 'frames'), jobs),
        stars: new Stars(data),
        away: place.marks.away,
        sketches,
        boards: place.marks.boards,
        described: new Described(place.keep.gallery, says),
        metrics,
        logger,
        web: join(BUILT, 'web'),
      }),
    );
    const io = attachSockets(http, { jobs, registry, hello, grants, logger });
    const tell = (): void =>
      void hello().then(
        (message) => io.emit('hello', message),
        (thrown: unknown) => logger.error(plainError(thrown)),
      );
    registry.on('changed', tell);
    guardServer(http, { host, logger, ...(token ? { token } : {}) });
    const { waiting, interrupted, unreadable } = await jobs.open();
    if (waiting + interrupted > 0) logger.info({ waiting, interrupted }, 'Runs of before are taken up.');
    if (unreadable > 0) warn(`${unreadable} runs of before could not be read, and were forgotten.`);
    const working = works ? startWork(store, place.services) : undefined;
    closing.push(async () => working?.close());
    await listening(http, host, port);
    closing.push(async () => {
      // Nobody new; what is under way may end; then the doors are shut.
      jobs.close();
      const closed = io.close();
      await working?.close();
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
      strangers: registry.extensions.length > 0 || registry.plugins.some((p) => !p.builtIn),
      registry,
      close: place.close,
    };
  } catch (thrown) {
    await place.close();
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
