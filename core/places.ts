/** Where the program keeps what it can make again, and where its own code lies. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import envPaths from 'env-paths';

const OFF = 'off';

/** The folder of caches: LODESTONE_CACHE, or the system's place for them; nothing where it is `off`. */
export function cacheFolder(): string | undefined {
  const asked = process.env['LODESTONE_CACHE'];
  if (asked === OFF || asked === '') return undefined;
  return asked ?? envPaths('lodestone', { suffix: '' }).cache;
}

/** Whether the sources run as they are, and not what was built of them. */
const FROM_SOURCES = import.meta.url.endsWith('.ts');
/** The top of the clone or of the package. */
export const ROOT = fileURLToPath(new URL(FROM_SOURCES ? '..' : '../..', import.meta.url));
/** What was built. */
export const BUILT = FROM_SOURCES
  ? join(ROOT, 'dist')
  : fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
/** The core's public face, as other processes import it. */
export const BUILT_INDEX = join(BUILT, 'core', 'index.js');
/** What authors of plugins import. */
export const BUILT_AUTHOR = join(BUILT, 'core', 'author.js');

/** Whether a path is a folder or lies in it; both as they are written, links not followed. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** A folder and all above it, from the inside out. */
export function upwards(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...upwards(above)];
}

/** Where packages are looked for by code in a folder, and where these places really are: modules are read there. */
export const packagesOf = (folder: string): string[] => {
  const places = upwards(folder)
    .map((f) => join(f, 'node_modules'))
    .filter((f) => existsSync(f));
  return [...new Set([...places, ...places.map((f) => realpathSync(f))])];
};
