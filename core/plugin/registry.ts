/** Finds plugins: every file or folder in the plugins' folders is one. Their schemas are read in processes of their own, so that a broken one breaks nothing. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import os from 'node:os';
import { basename, join, relative, sep } from 'node:path';
import { failure, type LodestoneError, plainError, revivedError } from '../errors.ts';
import { ROOT } from '../places.ts';
import { BUILT_IN_PLUGINS } from './built-in.ts';
import type { PluginDescription } from './description.ts';
import { describePlugin } from './descriptions.ts';
import type { ReadyPlugin } from './ready.ts';

export interface RegisteredPlugin extends PluginDescription {
  readonly file: string;
  readonly ready: ReadyPlugin;
  /** Whether it ships with Lodestone. */
  readonly builtIn: boolean;
}

export interface Registry {
  readonly plugins: readonly RegisteredPlugin[];
  /** Files that are no plugins, and why. */
  readonly broken: readonly LodestoneError[];
  /** By id or alias. Throws PLUGIN_UNKNOWN. */
  find(id: string): RegisteredPlugin;
}

const isModule = (name: string): boolean => /\.(?:ts|js|mjs)$/.test(name) && !/\.(?:d|test)\.ts$/.test(name);

interface Found {
  readonly files: readonly string[];
  readonly broken: readonly LodestoneError[];
}

/** A folder that cannot be read is one broken thing among others. */
async function modulesIn(folder: string): Promise<Found> {
  const listed = async (path: string) =>
    readdir(path, { withFileTypes: true }).catch((cause: unknown) => failure('FILE_MISSING', { path }, cause));
  const entries = await listed(folder);
  if (!Array.isArray(entries)) return { files: [], broken: [entries] };
  const found = await Promise.all(
    entries.map(async (entry): Promise<string | LodestoneError | undefined> => {
      const path = join(folder, entry.name);
      // Links are followed; one that leads nowhere is nothing.
      const is = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
      if (is?.isFile() && isModule(entry.name)) return path;
      if (!is?.isDirectory() || entry.name.startsWith('.') || entry.name === 'node_modules') return undefined;
      const inside = await listed(path);
      if (!Array.isArray(inside)) return inside;
      const index = inside.find(({ name }) => isModule(name) && basename(name).startsWith('index.'));
      return index && join(path, index.name);
    }),
  );
  return {
    files: found.filter((f) => typeof f === 'string').sort(),
    broken: found.filter((f) => f instanceof Error),
  };
}

/** Sources of a clone run as what was built of them. */
function builtOf(file: string): string {
  const sources = join(ROOT, 'plugins') + sep;
  if (!file.startsWith(sources)) return file;
  const built = join(BUILT_IN_PLUGINS, relative(sources, file)).replace(/\.ts$/, '.js');
  return existsSync(built) ? built : file;
}

/** In order, several at a time. */
async function eachOf<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T); // i is within the list
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}

/** Reads every plugin of the folders, in order; an id that is taken already makes the later file a broken one. */
export async function loadRegistry(folders: readonly string[] = [BUILT_IN_PLUGINS]): Promise<Registry> {
  const found = await Promise.all(folders.map(modulesIn));
  const plugins: RegisteredPlugin[] = [];
  const broken = found.flatMap((f) => f.broken);
  const files = found.flatMap((f) => f.files).map(builtOf);
  const described = await eachOf(files, 2 + os.availableParallelism(), async (file) =>
    describePlugin(file).catch((thrown: unknown) => revivedError(plainError(thrown))),
  );
  for (const [i, told] of described.entries()) {
    const file = files[i] ?? '';
    if (told instanceof Error) {
      broken.push(told);
      continue;
    }
    const { description, ready } = told;
    const names = [description.id, ...description.aliases];
    const taken = plugins.find((p) => [p.id, ...p.aliases].some((n) => names.includes(n)));
    if (taken)
      broken.push(
        failure('PLUGIN_INVALID', {
          file,
          what: `the name "${description.id}" or an alias of it belongs to ${taken.file}`,
        }),
      );
    else plugins.push({ ...description, file, ready, builtIn: file.startsWith(BUILT_IN_PLUGINS + sep) });
  }
  return {
    plugins,
    broken,
    find(id) {
      const wanted = plugins.find((p) => p.id === id || p.aliases.includes(id));
      if (!wanted) throw failure('PLUGIN_UNKNOWN', { id, known: plugins.map((p) => p.id).join(', ') });
      return wanted;
    },
  };
}
