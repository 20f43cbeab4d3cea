/** Which words of a prompt carry its score, and which take from it. */
import type { Embeddings, PluginContext } from '../../core/index.ts';
import { dot, row } from '../../core/index.ts';

/** With more words, orders are drawn by chance instead of all that there are. */
const ALL_UP_TO = 8;
/** Orders that are drawn, each with its reverse. */
const ORDERS = 40;

/** Subsets of so many words that are asked about, each as bits, and what each word's value is made of: with it and without it, and how much that counts. */
interface Plan {
  readonly subsets: readonly bigint[];
  readonly parts: readonly (readonly { readonly gains: bigint; readonly over: bigint; readonly weight: number }[])[];
}

const bit = (i: number): bigint => 1n << BigInt(i);
const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

/** All subsets (Shapley, 1953). */
function whole(count: number): Plan {
  const subsets = Array.from({ length: 2 ** count }, (_, s) => BigInt(s));
  const sizeOf = (s: bigint): number => s.toString(2).replaceAll('0', '').length;
  const parts = Array.from({ length: count }, (_, i) =>
    subsets
      .filter((s) => (s & bit(i)) === 0n)
      .map((over) => {
        const size = sizeOf(over);
        const weight = (factorial(size) * factorial(count - size - 1)) / factorial(count);
        return { gains: over | bit(i), over, weight };
      }),
  );
  return { subsets, parts };
}

/** Words that come one after the other, in orders of chance and their reverses (Castro, Gómez and Tejada, 2009). */
function sampled(count: number, random: () => number): Plan {
  const subsets = new Set<bigint>([0n]);
  const parts: { gains: bigint; over: bigint; weight: number }[][] = Array.from({ length: count }, () => []);
  for (let k = 0; k < ORDERS; k++) {
    const drawn = Array.from({ length: count }, (_, i) => ({ i, at: random() })).sort((a, b) => a.at - b.at);
    for (const order of [drawn, drawn.toReversed()]) {
      let over = 0n;
      for (const { i } of order) {
        const gains = over | bit(i);
        parts[i]?.push({ gains, over, weight: 1 / (2 * ORDERS) });
        subsets.add(gains);
        over = gains;
      }
    }
  }
  return { subsets: [...subsets], parts };
}

export interface WordValue {
  readonly word: string;
  /** What it adds to the cosine, beside the other words; all of them together are what the prompt has more than no words at all. */
  readonly adds: number;
}

/** For one text: what each of its words adds to the cosine with pictures (Shapley values over words left out). */
export async function wordValues(
  text: string,
  { engine, random, signal }: PluginContext,
): Promise<(picture: Embeddings) => WordValue[]> {
  const words = text.split(/\s+/u).filter((word) => word !== '');
  const { subsets, parts } = words.length <= ALL_UP_TO ? whole(words.length) : sampled(words.length, random);
  const said = subsets.map((s) => words.filter((_, i) => (s & bit(i)) !== 0n).join(' '));
  const rows = await engine.embedTexts(said, { signal });
  return (picture) => {
    const values = new Map(subsets.map((s, k) => [s, dot(row(rows, k), row(picture, 0))]));
    const of = (s: bigint): number => values.get(s) ?? 0;
    return words.map((word, i) => ({
      word,
      adds: (parts[i] ?? []).reduce((sum, { gains, over, weight }) => sum + weight * (of(gains) - of(over)), 0),
    }));
  };
}
