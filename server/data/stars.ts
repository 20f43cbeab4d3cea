/** Pictures and reports that are kept for ever, by their names, in one file of the data folder. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { failure, writeWhole } from '../../core/index.ts';

const fileSchema = z.object({ format: z.literal(1), stars: z.array(z.string().max(300)).max(1_000_000) });

export class Stars {
  private readonly path: string;

  constructor(data: string) {
    this.path = join(data, 'favourites.json');
  }

  /** A file that is damaged gives up nothing: it says so. Throws FILE_WRITE. */
  async read(): Promise<ReadonlySet<string>> {
    const text = await readFile(this.path, 'utf8').catch(() => undefined);
    if (text === undefined) return new Set();
    try {
      return new Set(fileSchema.parse(JSON.parse(text)).stars);
    } catch {
      throw failure('FILE_WRITE', { path: this.path, what: 'it is damaged; mend it, or remove it and star again' });
    }
  }

  async change(names: readonly string[], starred: boolean): Promise<ReadonlySet<string>> {
    const stars = new Set(await this.read());
    for (const name of names) {
      if (starred) stars.add(name);
      else stars.delete(name);
    }
    await writeWhole(this.path, `${JSON.stringify({ format: 1, stars: [...stars].sort() }, null, 2)}\n`);
    return stars;
  }
}
