/** Groups of pictures that are nearly the same: each is joined with those closer to it than a bound, and so are theirs. */
import type { Embeddings, PluginContext } from '../../core/index.ts';
import { row } from '../../core/index.ts';

/** Neighbours that are looked at for each picture. */
const NEAREST = 16;

/** Places in `rows`, group by group, each of two or more; the largest first. */
export async function duplicateGroups(
  rows: Embeddings,
  bound: number,
  { engine, signal }: PluginContext,
): Promise<number[][]> {
  const parent = Array.from({ length: rows.count }, (_, i) => i);
  const root = (i: number): number => {
    let at = i;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at] ?? at] ?? at;
      at = parent[at] ?? at;
    }
    return at;
  };
  const neighbours = engine.neighbours(rows);
  for (let i = 0; i < rows.count; i++) {
    const near = await neighbours.to(row(rows, i).slice(), NEAREST, { signal });
    for (const [k, j] of near.indices.entries())
      if ((near.cosines[k] ?? 0) >= bound) parent[Math.max(root(i), root(j))] = Math.min(root(i), root(j));
  }
  const groups = new Map<number, number[]>();
  for (let i = 0; i < rows.count; i++) groups.set(root(i), [...(groups.get(root(i)) ?? []), i]);
  return [...groups.values()].filter((g) => g.length > 1).sort((a, b) => b.length - a.length);
}
