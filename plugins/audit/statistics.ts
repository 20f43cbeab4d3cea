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
  readonly count: number;
}

/** Rearrangements are drawn with `random`; the work ends when the signal aborts. */
export interface Chance {
  readonly random: () => number;
  readonly signal: AbortSignal;
}

const PERMUTATIONS = 5000;
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

/** Whether numbers lean to one side: their mean in standard deviations, tested by turning signs at random. */
export async function leaning(values: readonly number[], chance: Chance): Promise<Effect> {
  const p = await shareAsFar(chance, Math.abs(mean(values)), () => {
    const sum = values.reduce((total, v) => total + (chance.random() < 0.5 ? v : -v), 0);
    return sum / values.length;
  });
  return { size: mean(values) / (deviation(values) || 1), p, count: values.length };
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
  return { size: apart / (deviation(all) || 1), p, count: all.length };
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
