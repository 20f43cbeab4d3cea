/**
 * Makes a plugin's file ready to be imported behind its fence: TypeScript becomes JavaScript, its own files one module, and `lodestone` and `zod` are
 * those that run here. Nothing of the plugin is run for that. Plugins that ship with Lodestone are ready as they are.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin as Bundling } from 'esbuild';
import { z } from 'zod';
import { failure, messageOf } from '../errors.ts';
import { writeAside } from '../files.ts';
import { BUILT, BUILT_AUTHOR, BUILT_INDEX, cacheFolder, packagesOf, ROOT } from '../places.ts';
import { BUILT_IN_PLUGINS } from './built-in.ts';

export interface ReadyPlugin {
  /** The module to import. */
  readonly module: string;
  /** SHA-256 of what is run. */
  readonly hash: string;
  /** SHA-256 of its file: the same on every machine. */
  readonly sha256: string;
  /** Files and folders that it may read. */
  readonly reads: readonly string[];
}

const isBuiltIn = (file: string): boolean => file.startsWith(BUILT_IN_PLUGINS + sep);
/** Changes with every build, as descriptions may. */
const stamp = (): Promise<string> => readFile(join(BUILT, '.built'), 'utf8').catch(() => '');

/** Packages that are those that run here, whatever lies beside the plugin. */
const OURS: Readonly<Record<string, () => string>> = {
  lodestone: () => BUILT_INDEX,
  'lodestone/plugin': () => BUILT_AUTHOR,
  zod: () => createRequire(import.meta.url).resolve('zod'),
};
/** The core, as a plugin within a clone names it. */
const CORE: Readonly<Record<string, string>> = {
  [join(ROOT, 'core', 'index.ts')]: BUILT_INDEX,
  [BUILT_INDEX]: BUILT_INDEX,
  [join(ROOT, 'core', 'author.ts')]: BUILT_AUTHOR,
  [BUILT_AUTHOR]: BUILT_AUTHOR,
};

/** What is code of the plugin's own. */
const CODE: Readonly<Record<string, 'ts' | 'js' | 'json'>> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
};
/** A folder that is one plugin may import its own lists. */
const FOLDER_CODE: typeof CODE = { ...CODE, '.json': 'json' };
const isFolder = (file: string): boolean => basename(file).startsWith('index.');

/** The bundler reads with the rights of the host: only code, and only below the folder of plugins, links followed. `file` is where the plugin really lies. */
const inside = (file: string): Bundling => ({
  name: 'inside',
  setup: (build) => {
    const own = dirname(file);
    const plugins = isFolder(file) ? dirname(own) : own;
    build.onLoad({ filter: /.*/ }, async ({ path }) => {
      const real = await realpath(path);
      const lies = (folder: string): boolean => real.startsWith(folder.endsWith(sep) ? folder : folder + sep);
      const loader = (isFolder(file) && lies(own) ? FOLDER_CODE : CODE)[extname(real)];
      if (!lies(plugins) || !loader)
        return { errors: [{ text: `${path} cannot be imported: a plugin imports code beside it, and packages` }] };
      return { contents: await readFile(real, 'utf8'), loader, resolveDir: dirname(real) };
    });
  },
});

/** Modules that are not the plugin's own stay where they are, and are named by their address. */
const outside = (file: string): Bundling => ({
  name: 'outside',
  setup: (build) => {
    const address = (path: string) => ({ path: pathToFileURL(path).href, external: true });
    /** Of the core, and of a package that is named by its place; other paths are the plugin's own. */
    const addressOf = (path: string) => {
      const core = CORE[path];
      if (core !== undefined) return address(core);
      return path.includes(`${sep}node_modules${sep}`) ? address(path) : undefined;
    };
    build.onResolve({ filter: /^file:/ }, ({ path }) => ({ path, external: true }));
    build.onResolve({ filter: /^(?:lodestone(?:\/plugin)?|zod)$/ }, ({ path }) => address(OURS[path]?.() ?? path));
    build.onResolve({ filter: /.*/ }, async ({ path, resolveDir, kind, pluginData }) => {
      if (kind === 'entry-point' || pluginData === 'asked' || path.startsWith('node:')) return undefined;
      const isOwn = path.startsWith('.') || path.startsWith('/');
      if (isOwn) return addressOf(resolve(resolveDir, path));
      const found = await build.resolve(path, { resolveDir, kind, pluginData: 'asked', importer: file });
      return found.errors.length > 0 || found.external ? found : address(found.path);
    });
  },
});

async function bundled(file: string): Promise<string> {
  // Needed for plugins of others alone, so loaded with the first of them.
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [file],
    // Not where this process was when the bundler began: that folder may be gone.
    absWorkingDir: dirname(file),
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    sourcesContent: false,
    sourceRoot: pathToFileURL(dirname(file) + sep).href,
    logLevel: 'silent',
    outdir: dirname(file),
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(file).href) },
    plugins: [outside(file), inside(file)],
  });
  return outputFiles[0]?.text ?? '';
}

const bundlingSchema = z.object({
  errors: z
    .array(
      z.object({
        text: z.string(),
        location: z.object({ file: z.string(), line: z.number(), column: z.number(), lineText: z.string() }).nullable(),
      }),
    )
    .min(1),
});
const SHOWN = 160;
/** The first thing that the bundler found, with its place and the line that it is in. */
function inPlace(file: string, thrown: unknown): { readonly what: string; readonly lines?: string } {
  const [first] = bundlingSchema.safeParse(thrown).data?.errors ?? [];
  if (!first) return { what: messageOf(thrown) };
  const { text, location } = first;
  if (!location) return { what: text };
  const { line, column, lineText } = location;
  const before = `${line} | `;
  const pointer = column < SHOWN ? `\n${' '.repeat(before.length + column)}^` : '';
  return {
    what: `${relative(dirname(file), resolve(dirname(file), location.file))}:${line}:${column + 1}: ${text}`,
    lines: `${before}${lineText.slice(0, SHOWN)}${pointer}`,
  };
}

/** Where bundles lie; they are named by their content. */
const place = (): string => join(cacheFolder() ?? join(tmpdir(), `lodestone-${userInfo().username}`), 'plugins');

export const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Throws PLUGIN_INVALID when the file cannot be read as a module. */
export async function readyPlugin(file: string): Promise<ReadyPlugin> {
  if (isBuiltIn(file)) return { module: file, hash: sha256Of(`${file}\n${await stamp()}`), sha256: '', reads: [] };
  const code = await realpath(file)
    .then(bundled)
    .catch((cause: unknown) => {
      throw failure('PLUGIN_INVALID', { file, ...inPlace(file, cause) }, cause);
    });
  const hash = sha256Of(`${code}\n${await stamp()}`);
  const module = join(place(), `${hash}.mjs`);
  if (!existsSync(module)) {
    await mkdir(place(), { recursive: true, mode: 0o700 });
    await writeAside(module, code);
  }
  // A plugin that is a folder may read it; one that is a file stands beside others, and reads nothing but its packages.
  const folder = isFolder(file) ? [dirname(file) + sep] : [];
  const sha256 = sha256Of(await readFile(file, 'utf8'));
  return { module, hash, sha256, reads: [module, ...folder, ...packagesOf(dirname(file)).map((f) => f + sep)] };
}
