/** Separable natural evolution: a cloud of candidates that moves and narrows by rank alone (Schaul, Glasmachers and Schmidhuber, 2011, SNES). */
import { gaussian } from '../random.ts';

/** A normal distribution of independent numbers. */
export interface Cloud {
  readonly mean: Float32Array;
  readonly spread: Float32Array;
}

/** Usual number of candidates for that many numbers, even: 4 + 3 ln(d). */
export const usualPopulation = (dimension: number): number => 2 * Math.round((4 + 3 * Math.log(dimension)) / 2);

/** Standard normal draws for each candidate; every second one mirrors the one before, which halves the noise of the mean's move. */
export function draws(count: number, dimension: number, random: () => number): Float32Array[] {
  const all: Float32Array[] = [];
  while (all.length < count) {
    const z = Float32Array.from({ length: dimension }, () => gaussian(random));
    all.push(
      z,
      z.map((v) => -v),
    );
  }
  return all.slice(0, count);
}

export const candidate = ({ mean, spread }: Cloud, z: Float32Array): Float32Array =>
  mean.map((m, i) => m + (spread[i] ?? 0) * (z[i] ?? 0));

/** What a candidate counts by its rank: the better half only, the best most, summing to zero (the paper's utilities). */
function utilities(losses: readonly number[]): number[] {
  const count = losses.length;
  const order = losses.map((_, i) => i).sort((a, b) => (losses[a] ?? 0) - (losses[b] ?? 0));
  const raw = Array.from({ length: count }, (_, rank) => Math.max(0, Math.log(count / 2 + 1) - Math.log(rank + 1)));
  const total = raw.reduce((a, b) => a + b, 0);
  const found = Array<number>(count).fill(0);
  for (const [rank, i] of order.entries()) found[i] = (raw[rank] ?? 0) / total - 1 / count;
  return found;
}

/** The cloud after its candidates were judged; `boldness` is a factor on both learning rates. */
export function learned(
  { mean, spread }: Cloud,
  z: readonly Float32Array[],
  losses: readonly number[],
  boldness = 1,
): Cloud {
  const u = utilities(losses);
  const d = mean.length;
  const narrowing = (boldness * (3 + Math.log(d))) / (5 * Math.sqrt(d)) / 2;
  const along = (i: number): number => z.reduce((sum, zk, k) => sum + (u[k] ?? 0) * (zk[i] ?? 0), 0);
  const wide = (i: number): number => z.reduce((sum, zk, k) => sum + (u[k] ?? 0) * ((zk[i] ?? 0) ** 2 - 1), 0);
  return {
    mean: mean.map((m, i) => m + boldness * (spread[i] ?? 0) * along(i)),
    spread: spread.map((s, i) => s * Math.exp(narrowing * wide(i))),
  };
}
