/**
 * A head from a few examples beside the words: Gaussian discriminant analysis on embeddings, one mean a label and one covariance for all, shrunk
 * towards a ball (Wang, Liang, Jian, Xu and Tan, "A hard-to-beat baseline for training-free CLIP-based adaptation", 2024). Its scores are added to
 * those of the words, as strongly as examples that are left out say.
 */
import type { Embeddings } from '../../core/index.ts';
import { choleskyOf, dot, row, solved } from '../../core/index.ts';

/** Examples: a unit row each, and the place of its label. */
export interface Examples {
  readonly rows: Embeddings;
  readonly labels: readonly number[];
}
/** Scores of one picture (a unit row), a label each. */
type Head = (picture: Float32Array) => number[];

/** Learns from examples, at least one a label; `left` is left out. The covariance lies in the span of the examples, so nothing larger than their number squared is solved. */
export function headOf({ rows, labels }: Examples, count: number, left?: number): Head {
  const at = labels.map((_, i) => i).filter((i) => i !== left);
  const d = rows.dimension;
  const sums = Array.from({ length: count }, () => ({ sum: new Float32Array(d), own: 0 }));
  for (const i of at) {
    const group = sums[labels[i] ?? 0];
    const x = row(rows, i);
    if (!group) continue;
    group.own += 1;
    for (let k = 0; k < d; k++) group.sum[k] = (group.sum[k] ?? 0) + (x[k] ?? 0);
  }
  const means = sums.map(({ sum, own }) => sum.map((v) => v / Math.max(1, own)));
  const centred = at.map((i) => row(rows, i).map((v, k) => v - (means[labels[i] ?? 0]?.[k] ?? 0)));
  const n = centred.length;
  // Kubokawa and Srivastava (2008): the inverse of d / ((n - 1) S + tr(S) I), so that one example a label is enough.
  const trace = centred.reduce((sum, x) => sum + dot(x, x), 0) / Math.max(1, n - 1);
  const ball = Math.max(trace, 1e-6);
  // Woodbury: (t I + Cᵀ C)⁻¹ m = (m - Cᵀ (t I + C Cᵀ)⁻¹ C m) / t, with the d of the shrunk inverse in front.
  const gram = centred.map((x, i) => Float64Array.from(centred, (y, j) => dot(x, y) + (i === j ? ball : 0)));
  const projected = means.map((m) => Float64Array.from(centred, (x) => dot(x, m)));
  const lower = choleskyOf(gram);
  const found = projected.map((p) => solved(lower, p));
  const weights = means.map((m, k) => {
    const w = Float32Array.from(m);
    for (const [j, x] of centred.entries()) {
      const share = found[k]?.[j] ?? 0;
      for (let i = 0; i < d; i++) w[i] = (w[i] ?? 0) - share * (x[i] ?? 0);
    }
    return w.map((v) => (d * v) / ball);
  });
  const offsets = weights.map((w, k) => -0.5 * dot(w, means[k] ?? new Float32Array(d)));
  return (picture) => weights.map((w, k) => dot(w, picture) + (offsets[k] ?? 0));
}

/** How strongly the head may count beside the words; 0 is the words alone. */
const STRENGTHS = [0, 0.01, 0.03, 0.1, 0.3, 1];
/** Of more examples, as many in regular distances are left out in turn. */
const LEFT_OUT = 120;

const placeOf = (values: readonly number[]): number => values.indexOf(Math.max(...values));

export interface Fitted {
  readonly head: Head;
  /** How strongly it counts beside the words' logits. */
  readonly strength: number;
  /** Of so many examples, left out in turn, how many are right by the words alone, and by both. */
  readonly all: number;
  readonly byWords: number;
  readonly byBoth: number;
}

/** `logits`: what the words say of each example, a label each. Labels with a single example cannot be left out, and are not counted. */
export function fitted(examples: Examples, logits: readonly (readonly number[])[], count: number): Fitted {
  const { labels } = examples;
  const own = (label: number): number => labels.filter((l) => l === label).length;
  const counted = labels.map((_, i) => i).filter((i) => own(labels[i] ?? 0) > 1);
  const every = Math.max(1, Math.ceil(counted.length / LEFT_OUT));
  const tested = counted.filter((_, i) => i % every === 0);
  const said = tested.map((i) => headOf(examples, count, i)(row(examples.rows, i)));
  const rightAt = (strength: number): number =>
    tested.filter((i, t) => {
      const values = (logits[i] ?? []).map((v, k) => v + strength * (said[t]?.[k] ?? 0));
      return placeOf(values) === labels[i];
    }).length;
  const found = STRENGTHS.map((strength) => ({ strength, right: rightAt(strength) }));
  const best = found.reduce((a, b) => (b.right > a.right ? b : a));
  return {
    head: headOf(examples, count),
    strength: best.strength,
    all: tested.length,
    byWords: found[0]?.right ?? 0,
    byBoth: best.right,
  };
}
