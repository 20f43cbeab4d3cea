/** What pictures of the gallery say of how they were made, so that they can be found by it: read once from each file, and kept. */
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { lastPrompt, parsedJson, recipeOf, type Store } from '../../core/index.ts';
import type { Kept, Shelf } from '../keep/shelf.ts';

const descriptionSchema = z.object({
  plugin: z.string().max(100),
  /** The words that it was asked for with. */
  words: z.string().max(4000),
  drawer: z.string().max(100),
});
export type Description = z.output<typeof descriptionSchema>;

const NOTHING: Description = { plugin: '', words: '', drawer: '' };
const PICTURE = /\.(?:png|jpe?g|webp)$/;
/** Rows that are looked up before others have their turn. */
const SLICE = 100;
const utf8 = new TextDecoder();

const keyOf = ({ name, at, size }: Kept): string => `${name}\n${size}\n${at}`;
const textIn = (value: unknown, most: number): string => (typeof value === 'string' ? value.slice(0, most) : '');

async function read(bytes: Uint8Array, name: string): Promise<Description> {
  const recipe = await recipeOf(bytes, name).catch(() => undefined);
  if (!recipe) return NOTHING;
  const { prompt, query, drawer } = recipe.parameters;
  const ended = lastPrompt(recipe.script);
  const asked = textIn(prompt ?? query, 2000);
  return {
    plugin: recipe.plugin.id.slice(0, 100),
    words: ended === undefined ? asked : `${textIn(ended, 2000)} (begun as: ${asked})`,
    drawer: textIn(drawer, 100),
  };
}

export class Described {
  private readonly gallery: Shelf;
  private readonly store: Store;
  private readonly known = new Map<string, Description>();
  private filling: Promise<void> | undefined;
  private next: readonly Kept[] | undefined;

  constructor(gallery: Shelf, store: Store) {
    this.gallery = gallery;
    this.store = store;
  }

  /** Nothing of what has not been read yet. */
  of(kept: Kept): Description | undefined {
    return this.known.get(keyOf(kept));
  }

  /** Reads what is not known, one picture after the other beside all else; the newest list that was asked for is the one that is worked through. */
  fill(all: readonly Kept[]): Promise<void> {
    this.next = all;
    this.filling ??= this.work().finally(() => {
      this.filling = undefined;
    });
    return this.filling;
  }

  private async work(): Promise<void> {
    for (let all = this.next; all; all = this.next) {
      this.next = undefined;
      let looked = 0;
      for (const kept of all) {
        const key = keyOf(kept);
        if (this.known.has(key) || !PICTURE.test(kept.name)) continue;
        const found = this.kept(key) ?? (await this.readNow(kept, key));
        if (found) this.known.set(key, found);
        looked += 1;
        if (looked % SLICE === 0) await setImmediate();
        // A newer list has what is new at its beginning.
        if (this.next) break;
      }
    }
  }

  private kept(key: string): Description | undefined {
    const bytes = this.store.get(key);
    if (!bytes) return undefined;
    try {
      return parsedJson(descriptionSchema, utf8.decode(bytes), (what) => new Error(what));
    } catch {
      return undefined;
    }
  }

  private async readNow(kept: Kept, key: string): Promise<Description | undefined> {
    const bytes = await this.gallery.read(kept.name).catch(() => undefined);
    if (!bytes) return undefined;
    const found = await read(bytes, kept.name);
    this.store.put(key, new TextEncoder().encode(JSON.stringify(found)));
    return found;
  }
}
