/** What running a plugin takes, wherever that is: a data folder, a model, the plugins, and what they have been granted. */
import { mkdir } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import type { Logger } from 'pino';
import {
  darkroom,
  Engine,
  type EngineOptions,
  failure,
  isInside,
  messageOf,
  type Policy,
  type RegisteredPlugin,
  sweepParts,
  type Want,
  workImagesWith,
} from '../../core/index.ts';
import { Boards } from '../data/boards.ts';
import { useAlone, useTogether } from '../data/company.ts';
import { type Marks, shelfPaths } from '../data/shelf-paths.ts';
import { Stars } from '../data/stars.ts';
import { allowedModel, DATA, pluginFolder, pluginPlace, readAllowed } from '../files.ts';
import { generatePictures } from '../generate-pictures.ts';
import { Grants } from '../grants.ts';
import { keepAt } from '../keep/at.ts';
import { type Keep, sha256Of } from '../keep/shelf.ts';
import { LiveRegistry } from '../live-registry.ts';
import { extensionOf, fileName } from '../names.ts';
import { gatherPictures, type PicturePlaces } from '../pictures.ts';
import { pluginFolders } from '../plugins.ts';
import { wordsNow } from '../runs/job.ts';
import { Uploads } from '../uploads.ts';
import { watched } from '../watched.ts';
import type { WorkServices } from './worker.ts';

export interface WorkplaceOptions {
  readonly engine?: EngineOptions;
  /** Folders of pictures that may be read. */
  readonly allow?: readonly string[];
  /** Folders of plugins beside the built-in one. */
  readonly plugins?: readonly string[];
  /** Whether these folders are read again when something in them is saved. */
  readonly watches?: boolean;
  /** Where gallery and uploads are kept. */
  readonly data?: string;
  /** `s3://BUCKET/PREFIX`, where finished pictures and reports are kept; the data folder when absent. */
  readonly pictures?: string;
  /** Pictures that it blocks are held back. */
  readonly policy?: Policy;
  readonly logger: Logger;
}

export interface Workplace {
  readonly data: string;
  readonly marks: Marks;
  readonly keep: Keep;
  readonly uploads: Uploads;
  readonly places: PicturePlaces;
  readonly engine: Engine;
  readonly registry: LiveRegistry;
  readonly grants: Grants;
  readonly services: WorkServices;
  /** The plugin of that name, with what it has been granted. Throws PLUGIN_UNKNOWN. */
  plugin(id: string): Promise<{ readonly plugin: RegisteredPlugin; readonly granted: readonly Want[] }>;
  /** Closes in the reverse order, whatever was added last first. */
  readonly closing: (() => Promise<unknown>)[];
  close(): Promise<void>;
}

interface Company {
  /** Whether other processes use the data folder at the same time. */
  readonly shared: boolean;
  /** Names of uploads that runs still need; nothing makes room where they are not known. */
  readonly inUse?: () => ReadonlySet<string>;
}

/** Throws FILE_WRITE, DATA_IN_USE. */
export async function openWorkplace(options: WorkplaceOptions, { shared, inUse }: Company): Promise<Workplace> {
  const { logger, data = DATA, allow = [], plugins = [] } = options;
  const [gallery, reports] = [join(data, 'gallery'), join(data, 'reports')];
  const uploadsFolder = join(data, 'uploads');
  const folders = [gallery, uploadsFolder, reports];
  await Promise.all(folders.map((folder) => mkdir(folder, { recursive: true }))).catch((cause: unknown) => {
    throw failure('FILE_WRITE', { path: data, what: messageOf(cause) }, cause);
  });
  const closing: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closing.splice(0).reverse()) await one();
  };
  try {
    const use = await (shared ? useTogether(data) : useAlone(data));
    closing.push(use.release);
    if (use.wasLeft && !shared)
      logger.warn(
        { folder: data },
        'The last Lodestone on this data folder ended without closing: what ran then goes on from its last state.',
      );
    // Alone, nobody else writes there: what is half-written was left by a process that was killed.
    if (!shared) for (const folder of [...folders, data]) await sweepParts(folder);
    // Pictures of others are opened in a process that may be ended.
    const restored = workImagesWith(darkroom());
    closing.push(async () => restored());
    // Who serves people answers them before it draws.
    const engine = new Engine({ yields: true, ...options.engine });
    closing.push(() => engine.close());
    const registry = await LiveRegistry.open(pluginFolders(plugins));
    if (options.watches) closing.push(watched(plugins, () => void registry.reload()));
    // Whoever watches is told by what watches.
    for (const broken of options.watches ? [] : registry.broken) logger.warn({ code: broken.code }, broken.message);
    const marks = { away: new Stars(data, 'put-away.json'), boards: new Boards(data) };
    const uploads = new Uploads(uploadsFolder, inUse ?? (() => new Set()));
    const places: PicturePlaces = {
      allowed: [gallery, ...allow],
      uploads: uploadsFolder,
      shelf: (which) => shelfPaths(gallery, marks, which),
      touched: (name) => uploads.touched(name),
    };
    const grants = new Grants(data);
    const keep = await keepAt(options.pictures, data);
    const plugin: Workplace['plugin'] = async (id) => {
      const found = registry.find(id);
      return { plugin: found, granted: await grants.of(found) };
    };
    const services: WorkServices = {
      ...(options.policy ? { policy: options.policy } : {}),
      engine,
      plugin,
      pictures: (fields, signal, say) => gatherPictures(fields, places, signal, say),
      // Who is handed a picture need not know where this machine keeps its files.
      nameOf: (path) => (isInside(resolve(data), path) ? relative(resolve(data), path).split(sep).join('/') : path),
      read: (file) => readAllowed(file, places),
      model: (name, signal) => allowedModel(name, places, signal),
      folder: (id) => pluginFolder(data, id),
      folderOf: (id) => pluginPlace(data, id),
      generate: async (request, signal, say) => {
        if (inUse) await uploads.makeRoom();
        return generatePictures(request, { folder: uploadsFolder, signal, say });
      },
      log: (message) => logger.info({ from: 'plugin' }, message),
      failed: (job, error) => logger.info({ code: error.code, plugin: job.plugin.id, job: job.id }, error.message),
      worked: ({ id, plugin, state }, seconds) =>
        logger.info({ job: id, plugin: plugin.id, state, seconds }, 'A run was worked on.'),
      keep: async (job, picture, count) => {
        const title = wordsNow(job) ?? picture.title;
        const file = `${fileName(title.toLowerCase())}-${job.id.slice(0, 8)}${count > 0 ? `-${count + 1}` : ''}.${extensionOf(picture.mime)}`;
        await keep.gallery.put(file, picture.bytes, picture.mime);
        return { file, sha256: sha256Of(picture.bytes) };
      },
      keepFile: async (job, { name, bytes, mime }) => {
        const file = `${job.id.slice(0, 8)}-${name}`;
        await keep.reports.put(file, bytes, mime);
        return { file, sha256: sha256Of(bytes) };
      },
    };
    return { data, marks, keep, uploads, places, engine, registry, grants, services, plugin, closing, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
