/** Effect sizes with permutation tests, and what a reader may make of them. */

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
/** Sample standard deviation. */
function deviation(values: readonly number[]): number {
  const m = mean(values);
  return Math.sqrt(values.reduce((sum, v) => sum + (v - m) ** 2, 0) / Math.max(1, values.length - 1));
}

export interface Effect {
  /** In standard deviations. */
  readonly size: number;
  /** Share of chance rearrangements with an effect at least as large, either way; never 0. */
  readonly p: number;
  readonly count: number;
}

const PERMUTATIONS = 5000;

/** Whether numbers lean to one side: their mean in standard deviations, tested by turning signs at random. */
export function leaning(values: readonly number[], random: () => number): Effect {
  const observed = Math.abs(mean(values));
  let extreme = 0;
  for (let k = 0; k < PERMUTATIONS; k++) {
    const sum = values.reduce((total, v) => total + (random() < 0.5 ? v : -v), 0);
    if (Math.abs(sum / values.length) >= observed - 1e-12) extreme += 1;
  }
  return { size: mean(values) / (deviation(values) || 1), p: (extreme + 1) / (PERMUTATIONS + 1), count: values.length };
}

/** Association of two sets (Caliskan, Bryson and Narayanan, 2017, WEAT): the difference of their means in standard deviations of both, tested by drawing the sets anew. */
export function association(a: readonly number[], b: readonly number[], random: () => number): Effect {
  const all = [...a, ...b];
  const apart = (first: readonly number[], second: readonly number[]): number => mean(first) - mean(second);
  const observed = Math.abs(apart(a, b));
  let extreme = 0;
  const order = all.map((_, i) => i);
  for (let k = 0; k < PERMUTATIONS; k++) {
    for (let i = order.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
    }
    const drawn = order.map((i) => all[i] ?? 0);
    if (Math.abs(apart(drawn.slice(0, a.length), drawn.slice(a.length))) >= observed - 1e-12) extreme += 1;
  }
  return { size: apart(a, b) / (deviation(all) || 1), p: (extreme + 1) / (PERMUTATIONS + 1), count: all.length };
}

/** Skew at k (Geyik, Ambler and Kenthapadi, 2019, definition 3.1): the logarithm of the share of a group among the first k beside its share of all. */
export function skewAt(k: number, first: readonly boolean[]): number {
  const share = (values: readonly boolean[]): number => values.filter(Boolean).length / values.length;
  return Math.log((share(first.slice(0, k)) + 1e-6) / (share(first) + 1e-6));
}

/** Below so many pictures, little can be said. */
export const FEW = 30;

/** An effect in plain words. */
export function inWords({ size, p, count }: Effect, towards: string, away: string): string {
  const strength =
    Math.abs(size) < 0.2 ? 'hardly' : Math.abs(size) < 0.5 ? 'a little' : Math.abs(size) < 0.8 ? 'clearly' : 'strongly';
  const side = size >= 0 ? towards : away;
  const chance =
    p < 0.01
      ? 'which is unlikely to be chance'
      : p < 0.05
        ? 'which may be chance in one case of twenty'
        : 'which may well be chance';
  const few = count < FEW ? ` With ${count} pictures, take this as a hint, not as a finding.` : '';
  return `These pictures lean ${strength} towards "${side}" (effect size ${size.toFixed(2)}, p = ${p.toFixed(4)}), ${chance}.${few}`;
}
