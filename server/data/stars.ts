/** Pictures and reports that people marked, by their names, in a file of the data folder: those that are kept for ever, those that are put away, and those that were only tried out. */
import { join } from 'node:path';
import { z } from 'zod';
import { MarkFile } from './mark-file.ts';

const fileSchema = z.object({ format: z.literal(1), stars: z.array(z.string().max(300)).max(1_000_000) });

export class Stars {
  private readonly file: MarkFile<z.output<typeof fileSchema>>;

  constructor(data: string, file: 'favourites.json' | 'put-away.json' | 'sketches.json' = 'favourites.json') {
    this.file = new MarkFile(join(data, file), fileSchema, { format: 1, stars: [] });
  }

  /** Throws FILE_WRITE where the file is damaged. */
  async read(): Promise<ReadonlySet<string>> {
    return new Set((await this.file.read()).stars);
  }

  /** Throws FILE_WRITE. */
  async change(names: readonly string[], marked: boolean): Promise<ReadonlySet<string>> {
    const { stars } = await this.file.change(({ format, stars: before }) => {
      const next = new Set(before);
      for (const name of names) {
        if (marked) next.add(name);
        else next.delete(name);
      }
      return { format, stars: [...next].sort() };
    });
    return new Set(stars);
  }
}
