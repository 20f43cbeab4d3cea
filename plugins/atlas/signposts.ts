/** Words put up on a map of pictures, each where the pictures are that fit it best. */
import type { Embeddings } from '../../core/index.ts';
import { cosineTable } from '../../core/index.ts';
import type { Place } from './plane.ts';

export interface Signpost extends Place {
  readonly text: string;
}

/** Share of the pictures by which a word is placed, and how many they are at least. */
const PLACED_BY = { share: 0.04, least: 3 };
/** How near two signposts of everyday things may stand, in shares of the plane. */
const APART = 0.11;
/** How much worse a word is whose pictures lie all over the plane, in standard deviations of its fit. */
const SCATTERED = 2;

/** So many pictures have room for one signpost, and a few have room for a few. */
const EACH = 4;
const FEWEST = 5;

const mean = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0) / Math.max(1, all.length);
const middle = (places: readonly Place[]): Place => ({
  x: mean(places.map((p) => p.x)),
  y: mean(places.map((p) => p.y)),
});
const spread = (places: readonly Place[], { x, y }: Place): number =>
  Math.sqrt(mean(places.map((p) => (p.x - x) ** 2 + (p.y - y) ** 2)));

interface Pictures {
  readonly places: readonly Place[];
  readonly rows: Embeddings;
}
interface Words {
  readonly texts: readonly string[];
  readonly rows: Embeddings;
}

/**
 * Every word is compared with itself on other pictures, so that words that fit everything stand nowhere. Of everyday things, the `most` that are
 * told best from the rest and lie together, none on another; of a person's own words (no `most`), all.
 */
export function posted({ places, rows }: Pictures, words: Words, most: number | undefined): Signpost[] {
  const table = cosineTable(words.rows, rows);
  const whole = spread(places, middle(places)) || 1;
  const by = Math.min(places.length, Math.max(PLACED_BY.least, Math.round(PLACED_BY.share * places.length)));
  const all = words.texts.map((text, k) => {
    const cosines = table[k] ?? [];
    const usual = mean(cosines);
    const deviation = Math.sqrt(mean(cosines.map((c) => (c - usual) ** 2))) || 1;
    const best = cosines
      .map((cosine, i) => ({ cosine, i }))
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, by);
    const own = best.flatMap(({ i }) => places[i] ?? []);
    const at = middle(own);
    const fits = mean(best.map(({ cosine }) => (cosine - usual) / deviation));
    return { text, ...at, worth: fits - (SCATTERED * spread(own, at)) / whole };
  });
  if (most === undefined) return all.map(({ text, x, y }) => ({ text, x, y }));
  const put: Signpost[] = [];
  const room = Math.min(most, Math.max(FEWEST, Math.round(places.length / EACH)));
  for (const { text, x, y } of all.sort((a, b) => b.worth - a.worth)) {
    if (put.length >= room) break;
    if (put.every((p) => Math.hypot(p.x - x, p.y - y) >= APART)) put.push({ text, x, y });
  }
  return put;
}
