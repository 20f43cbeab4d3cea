/** A small JSON file of the data folder that holds what people marked: read as far as its schema goes, changed one change after the other. */
import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { failure, writeWhole } from '../../core/index.ts';

export class MarkFile<T> {
  private readonly path: string;
  private readonly schema: z.ZodType<T>;
  private readonly empty: T;
  private changing: Promise<unknown> = Promise.resolve();

  constructor(path: string, schema: z.ZodType<T>, empty: T) {
    this.path = path;
    this.schema = schema;
    this.empty = empty;
  }

  /** With all changes that were asked for before. A file that is damaged gives up nothing: it says so. Throws FILE_WRITE. */
  async read(): Promise<T> {
    await this.changing.catch(() => undefined);
    return this.load();
  }

  private async load(): Promise<T> {
    const text = await readFile(this.path, 'utf8').catch(() => undefined);
    if (text === undefined) return this.empty;
    try {
      return this.schema.parse(JSON.parse(text));
    } catch {
      throw failure('FILE_WRITE', { path: this.path, what: 'it is damaged; mend it, or remove it and mark again' });
    }
  }

  /** Throws FILE_WRITE. */
  change(how: (before: T) => T): Promise<T> {
    const changed = this.changing
      .catch(() => undefined)
      .then(async () => {
        const next = how(await this.load());
        await writeWhole(this.path, `${JSON.stringify(next, null, 2)}\n`);
        return next;
      });
    this.changing = changed;
    return changed;
  }
}
