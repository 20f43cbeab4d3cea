/** Pictures of the gallery's folder for plugins: what is shown on the shelf, or on a board. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '../../core/index.ts';
import type { OnShelf } from '../pictures.ts';
import type { Boards } from './boards.ts';
import type { Stars } from './stars.ts';

/** What people marked of the gallery. */
export interface Marks {
  /** What is put away is not shown. */
  readonly away: Stars;
  readonly boards: Boards;
}

const PICTURE = /\.(?:png|jpe?g|webp)$/i;

/** Those that are not put away, or the one of a name; of a board, in its order, those that are still there. Links are none. Throws BOARD_UNKNOWN. */
export async function shelfPaths(
  folder: string,
  { away, boards }: Marks,
  { board, name: only }: OnShelf,
): Promise<string[]> {
  const hidden = await away.read();
  const own = board === undefined ? undefined : (await boards.read()).get(board);
  if (board !== undefined && !own) throw failure('BOARD_UNKNOWN', { board });
  const entries = await readdir(folder, { withFileTypes: true });
  const files = new Set(entries.filter((e) => e.isFile() && PICTURE.test(e.name)).map(({ name }) => name));
  return (own ?? [...files].sort())
    .filter((name) => files.has(name) && (only === undefined ? !hidden.has(name) : name === only))
    .map((name) => join(folder, name));
}
