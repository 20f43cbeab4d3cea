/** Finds plugins: every file or folder in the plugins' folders is one. Their schemas are read in processes of their own, so that a broken one breaks nothing. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import os from 'node:os';
import { basename, join, relative, resolve, sep } from 'node:path';
import { failure, type LodestoneError, plainError, revivedError } from '../errors.ts';
import { drawers } from '../guidance/drawers/known.ts';
import { ROOT } from '../places.ts';
import { BUILT_IN_PLUGINS } from './built-in.ts';
import type { Description, ExtensionDescription, PluginDescription } from './description.ts';
import { describeFile } from './descriptions.ts';
import { pullIds } from './kit/pulls.ts';
import type { ReadyPlugin } from './ready.ts';

/** A drawer or a pull of others. */
export interface RegisteredExtension extends ExtensionDescription {
  readonly file: string;
  readonly ready: ReadyPlugin;
}

export interface RegisteredPlugin extends PluginDescription {
  readonly file: string;
  readonly ready: ReadyPlugin;
  /** Drawers and pulls that its parameters are made of beside those that ship with Lodestone. */
  readonly extensions: readonly RegisteredExtension[];
  /** Whether it ships with Lodestone. */
  readonly builtIn: boolean;
}

export interface Registry {
  readonly plugins: readonly RegisteredPlugin[];
  /** Drawers and pulls of others. */
  readonly extensions: readonly RegisteredExtension[];
  /** Files that are no plugins, and why. */
  readonly broken: readonly LodestoneError[];
  /** By id or alias. Throws PLUGIN_UNKNOWN. */
  find(id: string): RegisteredPlugin;
}

const isModule = (name: string): boolean => /\.(?:ts|js|mjs)$/.test(name) && !/\.(?:d|test)\.ts$/.test(name);

const isIndex = (name: string): boolean => isModule(name) && basename(name).startsWith('index.');

interface Found {
  readonly files: readonly string[];
  readonly broken: readonly LodestoneError[];
}

/** A folder with an index is one plugin. A folder that cannot be read is one broken thing among others. */
async function modulesIn(folder: string): Promise<Found> {
  const listed = async (path: string) =>
    readdir(path, { withFileTypes: true }).catch((cause: unknown) => failure('FILE_MISSING', { path }, cause));
  const entries = await listed(folder);
  if (!Array.isArray(entries)) return { files: [], broken: [entries] };
  const own = entries.find((entry) => entry.isFile() && isIndex(entry.name));
  if (own) return { files: [join(folder, own.name)], broken: [] };
  const found = await Promise.all(
    entries.map(async (entry): Promise<string | LodestoneError | undefined> => {
      const path = join(folder, entry.name);
      // Links are followed; one that leads nowhere is nothing.
      const is = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
      if (is?.isFile() && isModule(entry.name)) return path;
      if (!is?.isDirectory() || entry.name.startsWith('.') || entry.name === 'node_modules') return undefined;
      const inside = await listed(path);
      if (!Array.isArray(inside)) return inside;
      const index = inside.find(({ name }) => isIndex(name));
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

interface Read {
  readonly file: string;
  readonly description: Description;
  readonly ready: ReadyPlugin;
}
const taken = (file: string, id: string, by: string): LodestoneError =>
  failure('PLUGIN_INVALID', { file, what: `the name "${id}" or an alias of it belongs to ${by}` });

/** A broken one is one broken thing among others. */
const reading = (file: string, extensions: readonly RegisteredExtension[] = []): Promise<Read | LodestoneError> =>
  describeFile(file, extensions).then(
    (told) => ({ file, ...told }),
    (thrown: unknown) => revivedError(plainError(thrown)),
  );

/** Those whose names are free. */
function named<T extends { readonly file: string }>(
  all: readonly T[],
  namesOf: (one: T) => readonly [string, ...string[]],
  broken: LodestoneError[],
): T[] {
  const owners = new Map<string, string>();
  return all.filter((one) => {
    const names = namesOf(one);
    const owner = names.flatMap((name) => owners.get(name) ?? [])[0];
    if (owner !== undefined) broken.push(taken(one.file, names[0], owner));
    else for (const name of names) owners.set(name, one.file);
    return owner === undefined;
  });
}

const OURS = 'Lodestone';
/** Drawers and pulls among what was read; one that is called like another, or like one of ours, is broken. */
function extensionsIn(all: readonly Read[], broken: LodestoneError[]): RegisteredExtension[] {
  const found = all.flatMap(({ description, file, ready }) =>
    'kind' in description ? [{ ...description, file, ready }] : [],
  );
  const ours = { drawer: drawers().map(({ id }) => id), pull: pullIds() };
  const free = found.filter(({ kind, id, file }) => {
    const isTaken = ours[kind].includes(id);
    if (isTaken) broken.push(taken(file, id, OURS));
    return !isTaken;
  });
  return named(free, ({ kind, id }) => [`${kind} ${id}`], broken);
}

/** Reads every plugin, drawer and pull of the folders, in order; an id that is taken already makes the later file a broken one. */
export async function loadRegistry(folders: readonly string[] = [BUILT_IN_PLUGINS]): Promise<Registry> {
  const found = await Promise.all(folders.map((folder) => modulesIn(resolve(folder))));
  const broken = found.flatMap((f) => f.broken);
  const atOnce = 2 + os.availableParallelism();
  const isRead = (one: Read | LodestoneError): one is Read => {
    if (one instanceof Error) broken.push(one);
    return !(one instanceof Error);
  };
  const files = found.flatMap((f) => f.files).map(builtOf);
  const all = (await eachOf(files, atOnce, (file) => reading(file))).filter(isRead);
  const extensions = extensionsIn(all, broken);
  // Those that draw by any drawer say what they are once more, with those that there are.
  const told = await eachOf(all, atOnce, async (one) =>
    'kind' in one.description || !one.description.extensible || extensions.length === 0
      ? one
      : reading(one.file, extensions),
  );
  const plugins = told.filter(isRead).flatMap(({ description, file, ready }): RegisteredPlugin[] =>
    'kind' in description
      ? []
      : [
          {
            ...description,
            file,
            ready,
            extensions: description.extensible ? extensions : [],
            builtIn: file.startsWith(BUILT_IN_PLUGINS + sep),
          },
        ],
  );
  const free = named(plugins, ({ id, aliases }) => [id, ...aliases], broken);
  return {
    plugins: free,
    extensions,
    broken,
    find(id) {
      const wanted = free.find((p) => p.id === id || p.aliases.includes(id));
      if (!wanted) throw failure('PLUGIN_UNKNOWN', { id, known: free.map((p) => p.id).join(', ') });
      return wanted;
    },
  };
}
