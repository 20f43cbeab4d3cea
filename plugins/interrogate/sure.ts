/** How sure it is that a picture shows anything that can be named: its best name beside what that name scores on pictures of nothing. */
import type { Embeddings, PluginContext, Usual } from '../../core/index.ts';
import { row } from '../../core/index.ts';
import { nothings } from './nothing.ts';

/** Beyond the doubt by this factor it is sure. */
const SURELY = 1.5;

export type Sureness = 'surely' | 'perhaps' | 'cannot say';

/** The largest of each column, and where it is left out in turn, the largest of the others. */
function ceilings(rows: readonly (readonly number[])[]): {
  readonly of: number[];
  readonly without: (i: number, k: number) => number;
} {
  const order = (rows[0] ?? []).map((_, k) => rows.map((r, i) => ({ v: r[k] ?? 0, i })).sort((a, b) => b.v - a.v));
  return {
    of: order.map((column) => column[0]?.v ?? 0),
    without: (i, k) => (order[k]?.[0]?.i === i ? order[k]?.[1]?.v : order[k]?.[0]?.v) ?? 0,
  };
}

/**
 * Each name is held against the highest that it scores on any picture of nothing, and the best of all names so is what a picture has for it. What
 * pictures of nothing have, each held against all others of them, is doubt: a picture is named only beyond the largest of that.
 */
export async function surenessBy(
  names: Embeddings,
  usual: Usual,
  { engine, signal }: PluginContext,
): Promise<(picture: Float32Array) => Sureness> {
  const fitsOf = usual.excess(names);
  const nothing = await engine.embedAll(await nothings(), { signal });
  const empty = Array.from({ length: nothing.count }, (_, i) => fitsOf(row(nothing, i)));
  const { of: highest, without } = ceilings(empty);
  const doubt = Math.max(...empty.map((fits, i) => Math.max(...fits.map((fit, k) => fit - without(i, k)))));
  return (picture) => {
    const beyond = Math.max(...fitsOf(picture).map((fit, k) => fit - (highest[k] ?? 0)));
    if (beyond <= doubt) return 'cannot say';
    return beyond > SURELY * doubt ? 'surely' : 'perhaps';
  };
}
