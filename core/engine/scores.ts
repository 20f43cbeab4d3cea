/** From cosines to what they mean: the model's own probabilities, and orders. */
import { joinedFloats } from '../arrays.ts';
import type { Embeddings } from '../clip/batches.ts';
import type { ModelInfo } from '../clip/model.ts';

/** Row `i` of embeddings. */
export const row = (e: Embeddings, i: number): Float32Array => e.data.subarray(i * e.dimension, (i + 1) * e.dimension);

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** Cosines of one unit row with others, in -1..1. */
export const cosinesWith = (one: Float32Array, others: Embeddings): number[] =>
  Array.from({ length: others.count }, (_, i) => dot(one, row(others, i)));

/** Cosines [a.count][b.count] of unit rows, in -1..1. */
export function cosineTable(a: Embeddings, b: Embeddings): number[][] {
  return Array.from({ length: a.count }, (_, i) => cosinesWith(row(a, i), b));
}

/** The model's probability of each of several texts for one picture: softmax over them, or a sigmoid each, as its family defines; `beside`: what is added to the logit of each. */
export function probabilities(
  cosines: readonly number[],
  { activation, logits }: Pick<ModelInfo, 'activation' | 'logits'>,
  beside: readonly number[] = [],
): number[] {
  const values = cosines.map((c, i) => c * logits.scale + logits.bias + (beside[i] ?? 0));
  if (activation === 'sigmoid') return values.map((v) => 1 / (1 + Math.exp(-v)));
  const highest = Math.max(...values);
  const powers = values.map((v) => Math.exp(v - highest));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / total);
}

/** The percent of `others` that lie below a value, ties counted half. */
export function percentileAmong(others: readonly number[], value: number): number {
  const below = others.reduce((n, o) => n + (o < value ? 1 : o === value ? 0.5 : 0), 0);
  return others.length === 0 ? 50 : (100 * below) / others.length;
}
/** Percentiles of several prompts as one: their mean by weight, those of prompts to keep away from turned over. */
export function jointPercentile(each: readonly number[], weights: readonly number[]): number {
  return (
    each.reduce((sum, p, i) => sum + Math.abs(weights[i] ?? 0) * ((weights[i] ?? 0) < 0 ? 100 - p : p), 0) /
    totalOf(weights)
  );
}
/** What weighted sums are divided by. */
export const totalOf = (weights: readonly number[]): number => weights.reduce((sum, w) => sum + Math.abs(w), 0) || 1;

/** What pictures are compared with. */
export interface Targets {
  /** Unit rows, and the weight of each. */
  readonly targets: Embeddings;
  readonly weights: readonly number[];
  /** How pictures stand with the targets; no percentiles are given without. */
  readonly standing?: (picture: Float32Array) => number[];
}
export interface Weighed {
  /** With each target, -1..1. */
  readonly cosines: number[];
  /** Their weighted mean, -1..1. */
  readonly score: number;
  /** Over all targets, 0..100. */
  readonly percentile?: number;
}

/** A picture (a unit row) against weighted targets. */
export function weighed(picture: Float32Array, { targets, weights, standing }: Targets): Weighed {
  const cosines = cosinesWith(picture, targets);
  const score = cosines.reduce((sum, c, j) => sum + c * (weights[j] ?? 0), 0) / totalOf(weights);
  if (!standing) return { cosines, score };
  return { cosines, score, percentile: jointPercentile(standing(picture), weights) };
}

/** The mean of rows. */
export function meanRow({ data, count, dimension }: Embeddings): Float32Array {
  const sum = new Float32Array(dimension);
  for (let i = 0; i < data.length; i++) sum[i % dimension] = (sum[i % dimension] ?? 0) + (data[i] ?? 0);
  return sum.map((v) => v / Math.max(1, count));
}
/** The mean of rows as one unit row. */
export function meanDirection(e: Embeddings): Embeddings {
  const data = meanRow(e);
  const length = Math.sqrt(dot(data, data)) || 1;
  return { count: 1, dimension: e.dimension, data: data.map((v) => v / length) };
}

/** Several embeddings under each other. */
export function stacked(parts: readonly Embeddings[]): Embeddings {
  const dimension = parts[0]?.dimension ?? 0;
  const count = parts.reduce((sum, p) => sum + p.count, 0);
  return { count, dimension, data: joinedFloats(parts.map((p) => p.data)) };
}
