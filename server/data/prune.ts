/** What goes when it is old: pictures and reports that nobody starred or put on a board and no remembered run names. */
import type { Keep, Kept, Shelf } from '../keep/shelf.ts';
import type { Known } from '../runs/store.ts';
import { givenBy } from './records.ts';

export interface Pruned {
  readonly kind: keyof Keep;
  readonly name: string;
  readonly size: number;
}

interface Pruning {
  readonly keep: Keep;
  readonly runs: readonly Known[];
  readonly stars: ReadonlySet<string>;
  /** What was written before goes; milliseconds since 1970. */
  readonly before: number;
  /** Says what would go, and leaves it. */
  readonly dry?: boolean;
}

const DAY_MS = 24 * 3600 * 1000;
export const daysAgo = (days: number): number => Date.now() - days * DAY_MS;

export async function pruneData({ keep, runs, stars, before, dry = false }: Pruning): Promise<Pruned[]> {
  const named = new Set(runs.flatMap(givenBy).map(({ kind, file }) => `${kind}/${file}`));
  const gone: Pruned[] = [];
  for (const kind of ['gallery', 'reports'] as const) {
    const shelf: Shelf = keep[kind];
    const goes = ({ name, at }: Kept): boolean => at < before && !stars.has(name) && !named.has(`${kind}/${name}`);
    for (const { name, size } of (await shelf.list()).filter(goes)) {
      if (!dry) await shelf.remove(name);
      gone.push({ kind, name, size });
    }
  }
  return gone;
}
