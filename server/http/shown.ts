/** How much of what a run says a watcher is shown; files have all of it. */
import type { Job } from '../runs/job.ts';
import { shortened } from '../shortened.ts';
import type { Update } from '../wire.ts';

const ROWS = 500;
const ITEMS = 500;
const TABLES = 20;
const COLUMN = 100;
const FILES = 100;
const SERIES_NAME = 200;
/** Letters of all tables together. */
const LETTERS = 200_000;

const lettersOf = (row: readonly (string | number)[]): number =>
  row.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 8), 0);

/** The newest tables, their first rows, as long as there is room. */
export function shownTables(tables: Job['tables']): NonNullable<Update['tables']> {
  let left = LETTERS;
  const shown = tables.slice(-TABLES).map(({ title, columns, rows }) => ({
    title: shortened(title),
    columns: columns.map((c) => shortened(c, COLUMN)),
    rows,
  }));
  for (const { title, columns } of shown) left -= title.length + lettersOf(columns);
  return shown.map(({ title, columns, rows }) => ({
    title,
    columns,
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

/** The first rows of a matrix, as long as there is room. */
export function shownMatrix(
  job: string,
  { title, columns, rows }: NonNullable<Job['matrix']>,
): NonNullable<Update['matrix']> {
  let left = LETTERS;
  return {
    title: shortened(title),
    columns: columns.map((c) => shortened(c)),
    rows: rows
      .map((row, i) => ({ ...row, picture: shortened(row.picture), url: `/jobs/${job}/matrix/${i}` }))
      .filter((row) => {
        left -= row.picture.length + 16 * row.values.length;
        return left > 0;
      }),
  };
}

/** The newest files. */
export const shownFiles = (files: Job['files']): NonNullable<Update['files']> =>
  files.slice(-FILES).map(({ name, file }) => ({ name, url: `/reports/${encodeURIComponent(file)}` }));

const named = (values: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [shortened(name, SERIES_NAME), value]));

/** The points from one on, as many as there is room for; the next update has more. */
export function shownPoints(chart: Job['chart'], from: number): Update['chart'] {
  let left = LETTERS;
  const points: Update['chart'] = [];
  for (let i = from; i < chart.length && left > 0; i++) {
    const { x, series = {}, percentiles } = chart[i] ?? { x: 0 };
    points.push({ x, series: named(series), ...(percentiles ? { percentiles: named(percentiles) } : {}) });
    // A name and some digits each, twice where there are percentiles.
    for (const name of Object.keys(series)) left -= (percentiles ? 2 : 1) * (Math.min(name.length, SERIES_NAME) + 20);
  }
  return points;
}
