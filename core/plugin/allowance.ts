/** What a plugin may ask its host to open: what the person named, what lies in it, and what the host has handed out. */
import { resolve } from 'node:path';
import { failure } from '../errors.ts';
import { isInside } from '../places.ts';

type Said = readonly [name: string, text: string];

/** All texts in a value, however deep, each with the name of the field that it stands in. */
function textsIn(value: unknown, name = '', depth = 8): Said[] {
  if (typeof value === 'string') return [[name, value]];
  if (typeof value !== 'object' || value === null || depth === 0 || ArrayBuffer.isView(value)) return [];
  const entries = Array.isArray(value) ? value.map((inner) => [name, inner] as const) : Object.entries(value);
  return entries.flatMap(([key, inner]) => textsIn(inner, key, depth - 1));
}

/** What stands in brackets, where prompts and pulls name pictures and files: `[picture:a.png]`, `edges[a.png]`, `picks[liked/, disliked/]`. */
const BRACKETS = /\[(?:(?:picture|style|mask):)?((?:\\.|[^\]\\])*)\]/gsu;
/** A backslash makes a sign of the prompt's grammar plain; a path is written without it. */
const plain = (text: string): string => text.replace(/\\(.)/gsu, '$1');

function inBrackets(text: string): string[] {
  return [...text.matchAll(BRACKETS)].flatMap(([, inside = '']) => {
    const parts = inside.split(',').map((part) => part.trim());
    return [inside, ...parts].flatMap((part) => [part, plain(part)]);
  });
}

/** Words in which a path stands in brackets alone; a slash or a full stop in a prompt is no path. */
const PROMPTS: ReadonlySet<string> = new Set(['prompt']);

export class Allowance {
  private readonly plugin: string;
  private readonly everything: boolean;
  private readonly said = new Set<string>();
  private readonly folders = new Set<string>();
  private readonly files = new Set<string>();

  /** `everything` where the plugin was granted all files that may be read here. */
  constructor(plugin: string, everything: boolean) {
    this.plugin = plugin;
    this.everything = everything;
  }

  /** What a person said. Fields that are `prompts` hold words; others may be a path as a whole. */
  named(value: unknown, prompts: ReadonlySet<string> = PROMPTS): void {
    for (const [name, text] of textsIn(value)) {
      for (const part of inBrackets(text)) this.said.add(part);
      if (!prompts.has(name)) this.said.add(text).add(text.trim());
    }
    this.said.delete('');
  }

  /** What the host has found where the plugin was allowed to look. */
  handedOut(paths: readonly string[]): void {
    for (const path of paths) this.files.add(resolve(path));
  }

  /** Those that the host has not handed out itself. */
  unknown(paths: readonly string[]): string[] {
    return paths.filter((path) => !this.files.has(resolve(path)));
  }

  /** Throws PLUGIN_UNASKED. */
  check(paths: readonly string[]): void {
    if (this.everything) return;
    for (const path of paths) {
      const full = resolve(path);
      if (this.files.has(full) || [...this.folders].some((folder) => isInside(folder, full))) continue;
      if (!this.said.has(path)) throw failure('PLUGIN_UNASKED', { id: this.plugin, path });
      this.folders.add(full);
    }
  }
}
