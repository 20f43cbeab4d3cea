/**
 * A person's taste as a linear function of embeddings, learned from answers of the kind "this rather than that": Bradley and Terry's model (1952)
 * with a normal prior on the weights, its posterior taken as normal around its mode (Laplace). Everything happens in the space of the answers,
 * which are few, so no matrix is larger than their number squared.
 */
import type { Embeddings } from '../clip/batches.ts';
import { dot, row } from './scores.ts';

/** Places in the embeddings: the first was liked better. */
export type Answer = readonly [better: number, worse: number];

export interface Taste {
  /** Mean utility of an embedding's difference from the mean of all. */
  utility(x: Float32Array): number;
  /** Variance of the utility difference of two. */
  variance(a: Float32Array, b: Float32Array): number;
  readonly weights: Float32Array;
  /** Variance of each weight. */
  readonly variances: Float32Array;
}

/** Prior variance of a weight, in squared logits for one unit of embedding: most pictures differ by less than one unit. */
const PRIOR = 60;
const ROUNDS = 60;

const difference = (e: Embeddings, [a, b]: Answer): Float32Array => {
  const [x, y] = [row(e, a), row(e, b)];
  return x.map((v, i) => v - (y[i] ?? 0));
};

/** Solves A x = b for a symmetric positive matrix by Cholesky's method; A is given by rows and left alone. */
function solver(a: readonly Float64Array[]): (b: ArrayLike<number>) => Float64Array {
  const n = a.length;
  const lower = a.map((r) => Float64Array.from(r));
  const at = (i: number, j: number): number => lower[i]?.[j] ?? 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      const target = lower[i];
      if (target) target[j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / at(j, j);
    }
  return (b) => {
    const y = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let sum = b[i] ?? 0;
      for (let k = 0; k < i; k++) sum -= at(i, k) * (y[k] ?? 0);
      y[i] = sum / at(i, i);
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = y[i] ?? 0;
      for (let k = i + 1; k < n; k++) sum -= at(k, i) * (y[k] ?? 0);
      y[i] = sum / at(i, i);
    }
    return y;
  };
}

/** Learns from answers about rows of `e`. */
export function learnTaste(e: Embeddings, answers: readonly Answer[]): Taste {
  const differences = answers.map((answer) => difference(e, answer));
  const n = differences.length;
  const gram = differences.map((x) => Float64Array.from(differences, (y) => PRIOR * dot(x, y)));
  // Newton's method for the mode of the utilities' differences f = X w (Rasmussen and Williams, 2006, algorithm 3.1).
  let f = new Float64Array(n);
  let alpha = new Float64Array(n);
  const curvature = new Float64Array(n);
  for (let round = 0; round < ROUNDS; round++) {
    const b = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      const p = 1 / (1 + Math.exp(-(f[i] ?? 0)));
      curvature[i] = Math.max(p * (1 - p), 1e-6);
      b[i] = (curvature[i] ?? 0) * (f[i] ?? 0) + (1 - p);
    }
    const root = curvature.map(Math.sqrt);
    const solve = solver(gram.map((r, i) => r.map((v, j) => (i === j ? 1 : 0) + (root[i] ?? 0) * v * (root[j] ?? 0))));
    const kb = gram.map((r) => r.reduce((sum, v, j) => sum + v * (b[j] ?? 0), 0));
    const s = solve(kb.map((v, i) => (root[i] ?? 0) * v));
    alpha = b.map((v, i) => v - (root[i] ?? 0) * (s[i] ?? 0));
    const next = Float64Array.from(gram, (r) => r.reduce((sum, v, j) => sum + v * (alpha[j] ?? 0), 0));
    const moved = next.reduce((most, v, i) => Math.max(most, Math.abs(v - (f[i] ?? 0))), 0);
    f = next;
    if (moved < 1e-6) break;
  }
  const weights = new Float32Array(e.dimension);
  for (const [i, x] of differences.entries())
    for (let d = 0; d < weights.length; d++) weights[d] = (weights[d] ?? 0) + PRIOR * (alpha[i] ?? 0) * (x[d] ?? 0);
  const solve = solver(gram.map((r, i) => r.map((v, j) => v + (i === j ? 1 / (curvature[i] ?? 1) : 0))));
  /** zᵀ Σ z, with Σ = s²I - s²Xᵀ (W⁻¹ + K)⁻¹ X s². */
  const spread = (z: Float32Array): number => {
    const k = differences.map((x) => PRIOR * dot(x, z));
    const solved = solve(k);
    return Math.max(0, PRIOR * dot(z, z) - k.reduce((sum, v, i) => sum + v * (solved[i] ?? 0), 0));
  };
  const axis = (d: number): Float32Array => {
    const z = new Float32Array(e.dimension);
    z[d] = 1;
    return z;
  };
  let variances: Float32Array | undefined;
  return {
    utility: (x) => dot(weights, x),
    variance: (a, b) => spread(a.map((v, i) => v - (b[i] ?? 0))),
    weights,
    get variances() {
      variances ??= Float32Array.from({ length: e.dimension }, (_, d) => spread(axis(d)));
      return variances;
    },
  };
}

/** Pairs that are looked at when the next question is chosen. */
const TRIED = 300;

/** Two places in either order. */
export const pairKey = ([a, b]: Answer): string => `${Math.min(a, b)} ${Math.max(a, b)}`;

/** The pair whose answer would tell most: undecided, with the widest spread, and not among those that were asked. */
export function nextPair(
  e: Embeddings,
  taste: Taste | undefined,
  random: () => number,
  seen: ReadonlySet<string> = new Set(),
): Answer {
  const any = (): number => Math.floor(random() * e.count);
  const pairs = Array.from({ length: TRIED }, (): Answer => {
    const a = any();
    const b = any();
    return [a, a === b ? (b + 1) % e.count : b];
  });
  const told = ([a, b]: Answer): number => {
    const [x, y] = [row(e, a), row(e, b)];
    if (!taste) return 1 - dot(x, y);
    const variance = taste.variance(x, y);
    // The probability of an answer with the weights' uncertainty in it (MacKay, 1992), and what is known of it already.
    const p = 1 / (1 + Math.exp(-(taste.utility(x) - taste.utility(y)) / Math.sqrt(1 + (Math.PI * variance) / 8)));
    return p * (1 - p) * Math.sqrt(variance);
  };
  const fresh = pairs.filter((pair) => !seen.has(pairKey(pair)));
  return (fresh.length > 0 ? fresh : pairs).reduce((best, pair) => (told(pair) > told(best) ? pair : best));
}
