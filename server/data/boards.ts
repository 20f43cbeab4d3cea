/** Boards: pictures of the gallery that somebody put together under a name, in a file of the data folder. */
import { join } from 'node:path';
import { z } from 'zod';
import { failure } from '../../core/index.ts';
import { boardName } from '../wire.ts';
import { MarkFile } from './mark-file.ts';

const MOST_PICTURES = 100_000;
const MOST_BOARDS = 1000;
const fileSchema = z.object({
  format: z.literal(1),
  boards: z
    .array(z.object({ name: boardName, pictures: z.array(z.string().max(300)).max(MOST_PICTURES) }))
    .max(MOST_BOARDS),
});

export class Boards {
  private readonly file: MarkFile<z.output<typeof fileSchema>>;

  constructor(data: string) {
    this.file = new MarkFile(join(data, 'boards.json'), fileSchema, { format: 1, boards: [] });
  }

  /** By their names, each with its pictures in the order in which they came. Throws FILE_WRITE where the file is damaged. */
  async read(): Promise<ReadonlyMap<string, readonly string[]>> {
    const { boards } = await this.file.read();
    return new Map(boards.map(({ name, pictures }) => [name, pictures]));
  }

  /** One that holds nothing any more is none. Throws FILE_WRITE, BOARD_FULL. */
  async change(board: string, names: readonly string[], on: boolean): Promise<void> {
    await this.file.change(({ format, boards }) => {
      const before = boards.find(({ name }) => name === board)?.pictures ?? [];
      const changed = new Set(names);
      const kept = before.filter((name) => on || !changed.has(name));
      const pictures = on ? [...new Set([...kept, ...names])] : kept;
      const others = boards.filter(({ name }) => name !== board);
      if (pictures.length > MOST_PICTURES || others.length >= MOST_BOARDS) throw failure('BOARD_FULL', { board });
      return { format, boards: pictures.length > 0 ? [...others, { name: board, pictures }] : others };
    });
  }
}
