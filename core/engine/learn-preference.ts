/**
 * A person's taste as a linear function of embeddings, learned from answers of the kind "this rather than that" or "cannot say": Bradley and Terry's
 * model (1952) with ties after Davidson (1970), a normal prior on the weights whose width is the likeliest one (Laplace evidence, MacKay, 1992), and
 * a posterior taken as normal around its mode. Everything happens in the space of the answers, which are few, so no matrix is larger than their
 * number squared.
 */
import type { Embeddings } from '../clip/batches.ts';
import { choleskyOf, type Matrix, solved } from './cholesky.ts';
import { dot, row } from './scores.ts';

/** Places in the embeddings: the first was liked better, or neither where it is a tie. */
export type Answer = readonly [better: number, worse: number, tie?: boolean];

export interface Taste {
  /** Mean utility of an embedding's difference from the mean of all. */
  utility(x: Float32Array): number;
  /** Variance of the utility difference of two. */
  variance(a: Float32Array, b: Float32Array): number;
  readonly weights: Float32Array;
  /** Variance of each weight. */
  readonly variances: Float32Array;
}

/** Prior variances of a weight, in squared logits for one unit of embedding, and the one that is taken where answers are too few to tell: most pictures differ by less than one unit. */
const PRIORS = [4, 15, 60, 240];
const USUAL_PRIOR = 60;
const FEW_ANSWERS = 6;
const ENOUGH_ANSWERS = 60;
const ROUNDS = 60;

const difference = (e: Embeddings, [a, b]: Answer): Float32Array => {
  const [x, y] = [row(e, a), row(e, b)];
  return x.map((v, i) => v - (y[i] ?? 0));
};

interface Likelihood {
  readonly log: number;
  /** First derivative by the difference of utilities, and the second with its sign turned. */
  readonly slope: number;
  readonly curvature: number;
}
/** Of one answer, at a difference of utilities (Davidson, 1970); `ties`: how readily neither is chosen, 0 for never. */
function likelihood(f: number, tie: boolean, ties: number): Likelihood {
  // Scaled by the larger power, so that nothing overflows.
  const top = Math.abs(f) / 2;
  const [up, down, none] = [Math.exp(f / 2 - top), Math.exp(-f / 2 - top), ties * Math.exp(-top)];
  const all = up + down + none;
  const log = (tie ? Math.log(Math.max(none, 1e-300)) : Math.log(up)) - Math.log(all);
  const slope = (tie ? 0 : 0.5) - (0.5 * (up - down)) / all;
  const curvature = (0.25 * (up + down) * all - (0.5 * (up - down)) ** 2) / all ** 2;
  return { log, slope, curvature: Math.max(curvature, 1e-6) };
}
/** As many ties as were answered, were all utilities alike. */
function tiesIn(answers: readonly Answer[]): number {
  const count = answers.filter(([, , tie]) => tie).length;
  return Math.min(4, (2 * count) / Math.max(1, answers.length - count));
}

interface Mode {
  readonly prior: number;
  readonly gram: Matrix;
  readonly alpha: Float64Array;
  readonly curvature: Float64Array;
  /** Logarithm of how likely the answers are with this prior. */
  readonly evidence: number;
}
/** Newton's method for the mode of the utilities' differences f = X w (Rasmussen and Williams, 2006, algorithm 3.1). */
function modeOf(dots: Matrix, answers: readonly Answer[], prior: number): Mode {
  const n = answers.length;
  const gram = dots.map((r) => r.map((v) => prior * v));
  const ties = tiesIn(answers);
  const at = (f: Float64Array): Likelihood[] =>
    answers.map(([, , tie], i) => likelihood(f[i] ?? 0, tie === true, ties));
  let f = new Float64Array(n);
  let alpha = new Float64Array(n);
  let [curvature, lower]: [Float64Array, Matrix] = [new Float64Array(n), []];
  for (let round = 0; round < ROUNDS; round++) {
    const here = at(f);
    curvature = Float64Array.from(here, (l) => l.curvature);
    const b = Float64Array.from(here, (l, i) => l.curvature * (f[i] ?? 0) + l.slope);
    const root = curvature.map(Math.sqrt);
    lower = choleskyOf(gram.map((r, i) => r.map((v, j) => (i === j ? 1 : 0) + (root[i] ?? 0) * v * (root[j] ?? 0))));
    const kb = gram.map((r) => r.reduce((sum, v, j) => sum + v * (b[j] ?? 0), 0));
    const s = solved(
      lower,
      kb.map((v, i) => (root[i] ?? 0) * v),
    );
    alpha = b.map((v, i) => v - (root[i] ?? 0) * (s[i] ?? 0));
    const next = Float64Array.from(gram, (r) => r.reduce((sum, v, j) => sum + v * (alpha[j] ?? 0), 0));
    const moved = next.reduce((most, v, i) => Math.max(most, Math.abs(v - (f[i] ?? 0))), 0);
    f = next;
    if (moved < 1e-6) break;
  }
  const fits = at(f).reduce((sum, l) => sum + l.log, 0);
  const complexity = lower.reduce((sum, r, i) => sum + Math.log(r[i] ?? 1), 0);
  const evidence = fits - 0.5 * alpha.reduce((sum, v, i) => sum + v * (f[i] ?? 0), 0) - complexity;
  return { prior, gram, alpha, curvature, evidence };
}

/** By the first answers, which are enough to tell, and few enough for their number cubed. */
function likeliestPrior(dots: Matrix, answers: readonly Answer[]): number {
  if (answers.length < FEW_ANSWERS) return USUAL_PRIOR;
  const [some, theirs] = [answers.slice(0, ENOUGH_ANSWERS), dots.slice(0, ENOUGH_ANSWERS)];
  const own = theirs.map((r) => r.slice(0, some.length));
  return PRIORS.map((prior) => modeOf(own, some, prior)).reduce((a, b) => (b.evidence > a.evidence ? b : a)).prior;
}

/** Learns from answers about rows of `e`. */
export function learnTaste(e: Embeddings, answers: readonly Answer[]): Taste {
  const differences = answers.map((answer) => difference(e, answer));
  const dots = differences.map((x) => Float64Array.from(differences, (y) => dot(x, y)));
  const { prior, gram, alpha, curvature } = modeOf(dots, answers, likeliestPrior(dots, answers));
  const weights = new Float32Array(e.dimension);
  for (const [i, x] of differences.entries())
    for (let d = 0; d < weights.length; d++) weights[d] = (weights[d] ?? 0) + prior * (alpha[i] ?? 0) * (x[d] ?? 0);
  const lower = choleskyOf(gram.map((r, i) => r.map((v, j) => v + (i === j ? 1 / (curvature[i] ?? 1) : 0))));
  /** zᵀ Σ z, with Σ = s²I - s²Xᵀ (W⁻¹ + K)⁻¹ X s². */
  const spread = (z: Float32Array): number => {
    const k = differences.map((x) => prior * dot(x, z));
    const found = solved(lower, k);
    return Math.max(0, prior * dot(z, z) - k.reduce((sum, v, i) => sum + v * (found[i] ?? 0), 0));
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

/** Of answers with a side, how many would have been foretold by what the others say: each is left out in turn, or a tenth of them where there are many. */
export function foretold(e: Embeddings, answers: readonly Answer[]): { readonly right: number; readonly all: number } {
  const folds = answers.length <= MOST_LEFT_OUT ? answers.length : 10;
  let [right, all] = [0, 0];
  for (let fold = 0; fold < folds; fold++) {
    const rest = answers.filter((_, i) => i % folds !== fold);
    if (rest.length === 0) continue;
    const taste = learnTaste(e, rest);
    for (const [better, worse, tie] of answers.filter((_, i) => i % folds === fold)) {
      if (tie) continue;
      all += 1;
      if (taste.utility(row(e, better)) > taste.utility(row(e, worse))) right += 1;
    }
  }
  return { right, all };
}
const MOST_LEFT_OUT = 40;

/** Pairs that are looked at when the next question is chosen. */
const TRIED = 300;

/** Two places in either order. */
export const pairKey = ([a, b]: Answer): string => `${Math.min(a, b)} ${Math.max(a, b)}`;

/** Pairs of so many, or as many of them as are looked at. */
function candidates(count: number, random: () => number): Answer[] {
  if ((count * (count - 1)) / 2 <= TRIED)
    return Array.from({ length: count }, (_, a) => Array.from({ length: a }, (__, b): Answer => [b, a])).flat();
  const any = (): number => Math.floor(random() * count);
  return Array.from({ length: TRIED }, (): Answer => {
    const [a, b] = [any(), any()];
    return [a, a === b ? (b + 1) % count : b];
  });
}

/** Of the logistic curve beside the normal one, about. */
const LOGISTIC = 1.702;
const LN2 = Math.LN2;
const bits = (p: number): number => (p <= 0 || p >= 1 ? 0 : -(p * Math.log2(p) + (1 - p) * Math.log2(1 - p)));
/** The normal distribution's share below x, within 1e-7 (Abramowitz and Stegun, 1964, 26.2.17). */
function below(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x < 0 ? tail : 1 - tail;
}
/** Bits that an answer tells of the weights, whose difference of utilities is normal (BALD: Houlsby, Huszár, Ghahramani and Lengyel, 2011, equation 3). */
function information(mean: number, variance: number): number {
  const [m, v] = [mean / LOGISTIC, variance / LOGISTIC ** 2];
  const c = (Math.PI * LN2) / 2;
  return bits(below(m / Math.sqrt(v + 1))) - Math.sqrt(c / (v + c)) * Math.exp((-m * m) / (2 * (v + c)));
}

/** The pair whose answer would tell most of those that were not asked; nothing once all were. The two furthest apart where nothing is known yet. */
export function nextPair(
  e: Embeddings,
  taste: Taste | undefined,
  random: () => number,
  seen: ReadonlySet<string> = new Set(),
): Answer | undefined {
  const told = ([a, b]: Answer): number => {
    const [x, y] = [row(e, a), row(e, b)];
    return taste ? information(taste.utility(x) - taste.utility(y), taste.variance(x, y)) : 1 - dot(x, y);
  };
  let best: { readonly pair: Answer; readonly told: number } | undefined;
  for (const pair of candidates(e.count, random)) {
    if (seen.has(pairKey(pair))) continue;
    const value = told(pair);
    if (!best || value > best.told) best = { pair, told: value };
  }
  return best?.pair;
}
