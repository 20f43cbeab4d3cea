/** How much of what a run says a watcher is shown; files have all of it. */
import type { Job } from '../jobs.ts';
import { shortened } from '../shortened.ts';
import type { Update } from '../wire.ts';

const ROWS = 500;
const ITEMS = 500;
const TABLES = 20;
/** Letters of all tables together. */
const LETTERS = 200_000;

const lettersOf = (row: readonly (string | number)[]): number =>
  row.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 8), 0);

/** The newest tables, their first rows, as long as there is room. */
export function shownTables(tables: Job['tables']): NonNullable<Update['tables']> {
  let left = LETTERS;
  return tables.slice(-TABLES).map(({ title, columns, rows }) => ({
    title: shortened(title),
    columns: columns.map((c) => shortened(c)),
    rows: rows
      .slice(0, ROWS)
      .map((row) => row.map((value) => (typeof value === 'string' ? shortened(value) : value)))
      .filter((row) => {
        left -= lettersOf(row);
        return left > 0;
      }),
  }));
}

/** The first pictures of a ranking, as long as there is room. */
export function shownRanking(
  job: string,
  { title, columns, items }: NonNullable<Job['ranking']>,
): NonNullable<Update['ranking']> {
  let left = LETTERS;
  return {
    title: shortened(title),
    columns: columns.map((c) => shortened(c)),
    items: items
      .slice(0, ITEMS)
      .map((item, i) => ({ ...item, picture: shortened(item.picture), url: `/jobs/${job}/ranking/${i}` }))
      .filter((item) => {
        left -= item.picture.length + 8 * item.values.length;
        return left > 0;
      }),
  };
}
