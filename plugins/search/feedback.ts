/** What people say of answers, so that the next search finds more like the right ones and less like the wrong ones. */
import type { Embeddings, PluginContext } from '../../core/index.ts';
import { meanRow } from '../../core/index.ts';

export interface Feedback {
  /** What is added to a query; all 0 where nothing was said. */
  readonly direction: Float32Array;
  /** The files that it was said of. */
  readonly judged: ReadonlySet<string>;
}

/** How much right and wrong answers count beside the query (Rocchio, 1971, with the weights of Manning, Raghavan and Schütze, 2008, 9.1.1). */
const [RIGHT, WRONG] = [0.75, 0.15];

/** The way towards right answers and away from wrong ones, both from the middle of the collection `rows`, so that what all its pictures share does not count. */
export async function feedbackOf(
  { liked, disliked }: { readonly liked: readonly string[]; readonly disliked: readonly string[] },
  rows: Embeddings,
  { engine, pictures, signal }: PluginContext,
): Promise<Feedback> {
  const direction = new Float32Array(rows.dimension);
  const judged = new Set<string>();
  for (const [fields, weight] of [
    [liked, RIGHT],
    [disliked, -WRONG],
  ] as const) {
    if (fields.length === 0) continue;
    const found = await pictures(fields);
    for (const one of found) if ('path' in one) judged.add(one.path);
    const [mean, middle] = [meanRow(await engine.embedAll(found, { signal })), meanRow(rows)];
    for (const [d, v] of mean.entries()) direction[d] = (direction[d] ?? 0) + weight * (v - (middle[d] ?? 0));
  }
  return { direction, judged };
}
