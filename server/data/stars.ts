/** Pictures and reports that people marked, by their names, in a file of the data folder: those that are kept for ever, and those that are put away. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { failure, writeWhole } from '../../core/index.ts';

const fileSchema = z.object({ format: z.literal(1), stars: z.array(z.string().max(300)).max(1_000_000) });

export class Stars {
  private readonly path: string;
  private changing: Promise<unknown> = Promise.resolve();

  constructor(data: string, file: 'favourites.json' | 'put-away.json' = 'favourites.json') {
    this.path = join(data, file);
  }

  /** A file that is damaged gives up nothing: it says so. Throws FILE_WRITE. */
  async read(): Promise<ReadonlySet<string>> {
    const text = await readFile(this.path, 'utf8').catch(() => undefined);
    if (text === undefined) return new Set();
    try {
      return new Set(fileSchema.parse(JSON.parse(text)).stars);
    } catch {
      throw failure('FILE_WRITE', { path: this.path, what: 'it is damaged; mend it, or remove it and mark again' });
    }
  }

  /** One change after the other. Throws FILE_WRITE. */
  change(names: readonly string[], marked: boolean): Promise<ReadonlySet<string>> {
    const changed = this.changing.catch(() => undefined).then(() => this.changeNow(names, marked));
    this.changing = changed;
    return changed;
  }

  private async changeNow(names: readonly string[], marked: boolean): Promise<ReadonlySet<string>> {
    const stars = new Set(await this.read());
    for (const name of names) {
      if (marked) stars.add(name);
      else stars.delete(name);
    }
    await writeWhole(this.path, `${JSON.stringify({ format: 1, stars: [...stars].sort() }, null, 2)}\n`);
    return stars;
  }
}
