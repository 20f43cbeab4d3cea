/** What a plugin may ask its host to open: what the person named, what lies in it, and what the host has handed out. */
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { failure } from '../errors.ts';

/** All texts in a value, however deep. */
function textsIn(value: unknown, depth = 8): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || depth === 0 || ArrayBuffer.isView(value)) return [];
  return Object.values(value).flatMap((inner) => textsIn(inner, depth - 1));
}

const isInside = (folder: string, path: string): boolean => {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
};

export class Allowance {
  private readonly plugin: string;
  private readonly everything: boolean;
  private readonly texts: string[] = [];
  private readonly folders = new Set<string>();
  private readonly files = new Set<string>();

  /** `everything` where the plugin was granted all files that may be read here. */
  constructor(plugin: string, everything: boolean) {
    this.plugin = plugin;
    this.everything = everything;
  }

  /** What a person said: paths stand in it as they are, or inside of a prompt. */
  named(value: unknown): void {
    // A backslash makes a sign of the prompt's grammar plain; a path is written without it.
    for (const text of textsIn(value)) this.texts.push(text, text.replaceAll('\\', ''));
  }

  /** What the host has found where the plugin was allowed to look. */
  handedOut(paths: readonly string[]): void {
    for (const path of paths) this.files.add(resolve(path));
  }

  /** Throws PLUGIN_UNASKED. */
  check(paths: readonly string[]): void {
    if (this.everything) return;
    for (const path of paths) {
      const full = resolve(path);
      if (this.files.has(full) || [...this.folders].some((folder) => isInside(folder, full))) continue;
      if (path === '' || !this.texts.some((text) => text.includes(path)))
        throw failure('PLUGIN_UNASKED', { id: this.plugin, path });
      this.folders.add(full);
    }
  }
}
