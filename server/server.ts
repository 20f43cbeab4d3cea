/** Puts the parts together: engine, registry, jobs, HTTP and sockets. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import {
  Engine,
  type EngineOptions,
  failure,
  loadRegistry,
  messageOf,
  type Policy,
  plainError,
  writeWhole,
} from '../core/index.ts';
import { allowedModel, DATA, pluginFolder, readAllowed } from './files.ts';
import { generatePictures } from './generate-pictures.ts';
import { createApp } from './http/app.ts';
import { isLoopback } from './http/guard.ts';
import { attachSockets } from './http/sockets.ts';
import { Jobs } from './jobs.ts';
import { gatherPictures, type PicturePlaces } from './pictures.ts';
import { pluginFolders, usable } from './plugins.ts';
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
  readonly jobs: Jobs;
  close(): Promise<void>;
}

const root = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '..' : '../..', import.meta.url));
export const DEFAULT_PORT = 4242;

export const version = async (): Promise<string> => {
  const parsed: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : '0';
};

const slug = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60) || 'picture';

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host = '127.0.0.1', port = DEFAULT_PORT, logger, data = DATA, allow = [], plugins = [] } = options;
  const token = options.token ?? (isLoopback(host) ? undefined : randomUUID());
  const [gallery, uploads, reports] = [join(data, 'gallery'), join(data, 'uploads'), join(data, 'reports')];
  await Promise.all([gallery, uploads, reports].map((folder) => mkdir(folder, { recursive: true }))).catch(
    (cause: unknown) => {
      throw failure('FILE_WRITE', { path: data, what: messageOf(cause) }, cause);
    },
  );
  const engine = new Engine(options.engine);
  const registry = usable(await loadRegistry(pluginFolders(plugins)));
  for (const broken of registry.broken) logger.warn({ code: broken.code }, broken.message);
  const places: PicturePlaces = { allowed: [gallery, ...allow], uploads };
  const jobs = new Jobs({
    ...(options.policy ? { policy: options.policy } : {}),
    engine,
    pictures: (fields, signal) => gatherPictures(fields, places, signal),
    read: (file) => readAllowed(file, places),
    model: (name, signal) => allowedModel(name, places, signal),
    folder: (plugin) => pluginFolder(data, plugin),
    generate: (request, signal, say) => generatePictures(request, { folder: uploads, signal, say }),
    log: (message) => logger.info({ from: 'plugin' }, message),
    keep: async (job, picture, count) => {
      const extension = picture.mime.slice('image/'.length).replace('jpeg', 'jpg').replace('svg+xml', 'svg');
      const file = `${slug(picture.title)}-${job.id.slice(0, 8)}${count > 0 ? `-${count + 1}` : ''}.${extension}`;
      await writeWhole(join(gallery, file), picture.bytes);
      return file;
    },
    keepFile: async (job, { name, bytes }) => {
      const file = `${job.id.slice(0, 8)}-${name}`;
      await writeWhole(join(reports, file), bytes);
      return file;
    },
  });
  const about = {
    version: await version(),
    plugins: registry.plugins.map((p) => pluginSchema.parse(p)),
    broken: registry.broken.map(plainError),
  };
  const hello = async (): Promise<Hello> => {
    const info = await engine.info().catch((thrown: unknown) => {
      logger.error(plainError(thrown));
      return undefined;
    });
    return { ...about, ...(info ? { model: { family: info.family, side: info.side, hash: info.hash } } : {}) };
  };
  const guardOptions = { host, ...(token ? { token } : {}) };
  const http = createServer(
    createApp({ ...guardOptions, jobs, gallery, uploads, reports, places, web: join(root, 'dist/web') }),
  );
  const io = attachSockets(http, { ...guardOptions, jobs, registry, hello });
  await new Promise<void>((resolve, reject) => {
    http.once('error', (cause) =>
      reject(
        failure(
          'USAGE',
          { what: `The server cannot listen on ${host}:${port}: ${messageOf(cause)}. Choose another with --port.` },
          cause,
        ),
      ),
    );
    http.listen(port, host, resolve);
  });
  const { port: bound } = http.address() as AddressInfo; // a TCP server's address is one of these
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/${token ? `?token=${token}` : ''}`,
    jobs,
    close: async () => {
      await jobs.close();
      await io.close();
      await engine.close();
    },
  };
}
