/** Effect sizes with permutation tests, and what a reader may make of them. */
import { setImmediate } from 'node:timers/promises';

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
  /** In 95 of 100 samples like this one the size lies between these (bootstrap, percentiles). */
  readonly from: number;
  readonly to: number;
  /** Pictures, of the smaller group where there are two. */
  readonly count: number;
}

/** Rearrangements are drawn with `random`; the work ends when the signal aborts. */
export interface Chance {
  readonly random: () => number;
  readonly signal: AbortSignal;
}

const PERMUTATIONS = 5000;
const RESAMPLES = 1000;
/** Sizes beyond this say no more: numbers that are all alike have no deviation to be measured in. */
const LARGEST = 10;
const sized = (difference: number, spread: number): number =>
  difference === 0 ? 0 : Math.max(-LARGEST, Math.min(LARGEST, difference / Math.max(spread, 1e-12)));
/** So long a plugin may keep its thread before it looks round, in milliseconds. */
const TURN_MS = 100;

/** The share of chance rearrangements that give at least as much, either way. Throws what the signal aborts with. */
async function shareAsFar({ signal }: Chance, observed: number, drawn: () => number): Promise<number> {
  let [extreme, turn] = [0, performance.now()];
  for (let k = 0; k < PERMUTATIONS; k++) {
    if (Math.abs(drawn()) >= observed - 1e-12) extreme += 1;
    if (performance.now() - turn < TURN_MS) continue;
    await setImmediate();
    signal.throwIfAborted();
    turn = performance.now();
  }
  return (extreme + 1) / (PERMUTATIONS + 1);
}

/** The middle 95 % of what `size` gives for samples drawn again out of these, with replacement. */
async function interval(
  groups: readonly (readonly number[])[],
  size: (groups: readonly (readonly number[])[]) => number,
  { random, signal }: Chance,
): Promise<{ readonly from: number; readonly to: number }> {
  const found: number[] = [];
  let turn = performance.now();
  for (let k = 0; k < RESAMPLES; k++) {
    found.push(size(groups.map((g) => g.map(() => g[Math.floor(random() * g.length)] ?? 0))));
    if (performance.now() - turn < TURN_MS) continue;
    await setImmediate();
    signal.throwIfAborted();
    turn = performance.now();
  }
  found.sort((a, b) => a - b);
  const at = (share: number): number => found[Math.floor(share * (found.length - 1))] ?? 0;
  return { from: at(0.025), to: at(0.975) };
}

/** Whether numbers lean to one side: their mean in standard deviations, tested by turning signs at random. */
export async function leaning(values: readonly number[], chance: Chance): Promise<Effect> {
  const p = await shareAsFar(chance, Math.abs(mean(values)), () => {
    const sum = values.reduce((total, v) => total + (chance.random() < 0.5 ? v : -v), 0);
    return sum / values.length;
  });
  const size = ([own = []]: readonly (readonly number[])[]): number => sized(mean(own), deviation(own));
  return { size: size([values]), p, ...(await interval([values], size, chance)), count: values.length };
}

/** Association of two sets (Caliskan, Bryson and Narayanan, 2017, WEAT): the difference of their means in standard deviations of both, tested by drawing the sets anew. */
export async function association(a: readonly number[], b: readonly number[], chance: Chance): Promise<Effect> {
  const all = [...a, ...b];
  const [total, apart] = [all.reduce((sum, v) => sum + v, 0), mean(a) - mean(b)];
  const order = [...all];
  const p = await shareAsFar(chance, Math.abs(apart), () => {
    // The first so many of a shuffle are the set drawn anew.
    let first = 0;
    for (let i = 0; i < a.length; i++) {
      const j = i + Math.floor(chance.random() * (order.length - i));
      [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
      first += order[i] ?? 0;
    }
    return first / a.length - (total - first) / b.length;
  });
  const size = ([one = [], other = []]: readonly (readonly number[])[]): number =>
    sized(mean(one) - mean(other), deviation([...one, ...other]));
  const groups = [a, b];
  return { size: size(groups), p, ...(await interval(groups, size, chance)), count: Math.min(a.length, b.length) };
}

/** Skew at each k from 1 (Geyik, Ambler and Kenthapadi, 2019, definition 3.1): the logarithm of the share of a group among the first k beside its share of all. */
export function skewsOf(first: readonly boolean[]): number[] {
  const share = first.filter(Boolean).length / first.length;
  let count = 0;
  return first.map((own, i) => {
    count += own ? 1 : 0;
    return Math.log((count / (i + 1) + 1e-6) / (share + 1e-6));
  });
}

const logChoose = (n: number, k: number): number => {
  let sum = 0;
  for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i);
  return sum;
};
/** The chance that a search in which groups do not matter has a group as often among its first k, or further from its share (hypergeometric, exact). */
export function skewChance(first: readonly boolean[], k: number): number {
  const [all, own] = [first.length, first.filter(Boolean).length];
  const seen = first.slice(0, k).filter(Boolean).length;
  const chanceOf = (count: number): number =>
    Math.exp(logChoose(own, count) + logChoose(all - own, k - count) - logChoose(all, k));
  const here = chanceOf(seen);
  let sum = 0;
  for (let count = Math.max(0, k - (all - own)); count <= Math.min(k, own); count++) {
    const chance = chanceOf(count);
    if (chance <= here * (1 + 1e-9)) sum += chance;
  }
  return Math.min(1, sum);
}

/** Below so many pictures, little can be said. */
export const FEW = 30;

/** What is said of an effect: whether pictures lean by themselves, beside everyday pictures, or more than another group does. */
export type Beside = 'everyday pictures' | 'the other group';

const strengthOf = (size: number): string => {
  const far = Math.abs(size);
  if (far < 0.2) return 'hardly';
  if (far < 0.5) return 'a little';
  return far < 0.8 ? 'clearly' : 'strongly';
};
const chanceOf = (p: number): string => {
  if (p < 0.01) return 'which is unlikely to be chance';
  return p < 0.05 ? 'which may be chance in one case of twenty' : 'which may well be chance';
};

/** An effect in plain words. Groups that both lean to one side differ all the same, and that is all that is said then. */
export function inWords(
  { size, p, from, to, count }: Effect,
  { towards, away, beside }: { readonly towards: string; readonly away: string; readonly beside: Beside },
): string {
  if (count < 2) return 'One picture leans to something by itself: nothing can be said from it.';
  const side = size >= 0 ? towards : away;
  const few = count < FEW ? ` With ${count} pictures, take this as a hint, not as a finding.` : '';
  const numbers = `effect size ${size.toFixed(2)}, ${from.toFixed(2)} to ${to.toFixed(2)}, p = ${p.toFixed(4)}`;
  return `These pictures lean more towards "${side}" than ${beside}, ${strengthOf(size)} (${numbers}), ${chanceOf(p)}.${few}`;
}
