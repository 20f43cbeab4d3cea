/** Attention as matrix products and a softmax: softmax(q kᵀ scale + bias) v (Vaswani and others, 2017). Heads are split and joined as each operator's definition says. */
import type { Tensor } from '../tensor.ts';
import { concat } from '../tensor.ts';
import { floatOf, int, intOf, intsOf } from '../types.ts';
import type { Expansion, ExpansionInput } from './expansion.ts';
import { required } from './expansion.ts';
import { rotated } from './normalisation.ts';

/** Far below every score, and still a float16. */
const HIDDEN = -65504;

interface Attended {
  /** Added to the scores; broadcasts to [batch, heads, queries, keys]. */
  readonly bias?: Tensor | undefined;
  readonly softcap?: number;
}

/** q [b, h, s, d], k [b, h, l, d], v [b, h, l, e] to [b, h, s, e]; scores are scaled as the node says, by 1/sqrt(d) unless told. */
function attend(n: ExpansionInput, q: Tensor, k: Tensor, v: Tensor, { bias, softcap = 0 }: Attended): Tensor {
  const scale = floatOf(n.attributes, 'scale', 0) || 1 / Math.sqrt(q.shape[3] ?? 1);
  const raw = q.mul(scale).matmulTransposed(k, 'right');
  const capped = softcap > 0 ? raw.div(softcap).tanh().mul(softcap) : raw;
  return (bias ? capped.add(bias.cast(capped.dtype)) : capped).softmax().matmul(v);
}
/** Zero where a query may look, HIDDEN where the key comes later; the first query sees the keys up to `first`. */
function triangle(q: Tensor, k: Tensor, first: number): Tensor {
  return q
    .like(HIDDEN)
    .expand([q.shape[2] ?? 1, k.shape[2] ?? 1])
    .apply('Trilu', [q.whole([first + 1], [])], { upper: int(1) });
}

const splitHeads = (x: Tensor, heads: number): Tensor => {
  const [b = 1, s = 1, width = 1] = x.shape;
  return x.reshape([b, s, heads, width / heads]).transpose([0, 2, 1, 3]);
};
const joinHeads = (x: Tensor): Tensor => {
  const [b = 1, h = 1, s = 1, d = 1] = x.shape;
  return x.transpose([0, 2, 1, 3]).reshape([b, s, h * d]);
};
/** Key padding, 1 for tokens to look at, as a bias: [b, l] or [b, s, l]; [b] counts them. */
function paddingBias(n: ExpansionInput, mask: Tensor | undefined, like: Tensor, keys: number): Tensor | undefined {
  if (!mask) return undefined;
  const [b = 1] = mask.shape;
  const counted = (): Tensor => mask.places(keys, 1, 2).less(mask.cast('int64').reshape([b, 1]));
  const shown = mask.rank === 1 ? counted() : mask;
  if (mask.rank > 4 || (mask.rank === 1 && b !== like.shape[0]))
    n.refuse('Export the model with a two-dimensional mask.');
  const kept = shown.cast(like.dtype);
  const bias = kept
    .like(1)
    .sub(kept)
    .mul(floatOf(n.attributes, 'mask_filter_value', -10_000));
  return shown.rank === 2 ? bias.reshape([b, 1, 1, keys]) : shown.rank === 3 ? bias.unsqueeze(1) : bias;
}
const both = (a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined => (a && b ? a.add(b) : (a ?? b));

/** The end that onnxruntime's attentions share: padding, further scores and, where asked for, causality; the last query sees the last key. */
function mixed(
  n: ExpansionInput,
  heads: readonly Tensor[],
  mask: Tensor | undefined,
  scores: Tensor | undefined,
): readonly Tensor[] | undefined {
  const [q, k, v] = heads;
  if (!q || !k || !v) return undefined;
  const [queries = 1, keys = 1] = [q.shape[2], k.shape[2]];
  const causal = intOf(n.attributes, 'unidirectional', 0) === 1 ? triangle(q, k, keys - queries) : undefined;
  const bias = both(both(paddingBias(n, mask, q, keys), scores), causal);
  return [joinHeads(attend(n, q, k, v, { bias }))];
}

/** com.microsoft:MultiHeadAttention: projections are done already. */
export const multiHeadAttention: Expansion = (n) => {
  const [query = n.x, key, value, bias, mask, scores, pastKey] = n.inputs;
  const heads = intOf(n.attributes, 'num_heads', 1);
  if (pastKey) n.refuse('Export the model without a cache of past keys.');
  const packed = (x: Tensor, i: number): Tensor =>
    x
      .slice(3, i, i + 1)
      .reshape([...x.shape.slice(0, 3), x.shape[4] ?? 1])
      .transpose([0, 2, 1, 3]);
  const withBias = (x: Tensor, from: number): Tensor =>
    bias ? x.add(bias.slice(0, from, from + (x.shape.at(-1) ?? 1))) : x;
  const width = query.shape.at(-1) ?? 1;
  const shaped = (x: Tensor, from: number): Tensor => (x.rank === 4 ? x : splitHeads(withBias(x, from), heads));
  const split =
    query.rank === 5
      ? [0, 1, 2].map((i) => packed(query, i))
      : key?.rank === 5
        ? [shaped(query, 0), packed(key, 0), packed(key, 1)]
        : [shaped(query, 0), shaped(key ?? query, width), shaped(value ?? key ?? query, 2 * width)];
  return mixed(n, split, mask, scores);
};

/** com.microsoft:Attention: one product projects to queries, keys and values. */
export const microsoftAttention: Expansion = (n) => {
  const [, weights = n.x, bias, mask, past, scores] = n.inputs;
  if (past) n.refuse('Export the model without a cache of past keys.');
  const heads = intOf(n.attributes, 'num_heads', 1);
  const total = weights.shape.at(-1) ?? 3;
  const sizes = intsOf(n.attributes, 'qkv_hidden_sizes') ?? [total / 3, total / 3, total / 3];
  const product = n.x.matmul(weights);
  const parts = (bias ? product.add(bias) : product).split(2, sizes).map((part) => splitHeads(part, heads));
  return mixed(n, parts, mask, scores);
};

/** Keys and values that several queries share, repeated for each. */
function repeated(x: Tensor, times: number): Tensor {
  const [b = 1, h = 1, l = 1, d = 1] = x.shape;
  return times === 1
    ? x
    : x
        .reshape([b, h, 1, l, d])
        .expand([b, h, times, l, d])
        .reshape([b, h * times, l, d]);
}
/** ONNX's own Attention (opset 23). Outputs: the mix, and keys and values with the past ones in front. */
export const onnxAttention: Expansion = (n) => {
  const { attributes } = n;
  const [, , , mask, pastKey, pastValue, lengths] = n.inputs;
  const windowed = Object.keys(attributes).some((key) => key.includes('window'));
  if (lengths || windowed || n.outputs > 3) n.refuse('Export the model at opset 22 or earlier.');
  const wide = n.x.rank === 4;
  const headsOf = (x: Tensor, key: string): Tensor => (x.rank === 4 ? x : splitHeads(x, intOf(attributes, key, 1)));
  const q = headsOf(n.x, 'q_num_heads');
  const joined = (past: Tensor | undefined, x: Tensor): Tensor => (past ? concat([past, x], 2) : x);
  const k = joined(pastKey, headsOf(required(n, 1), 'kv_num_heads'));
  const v = joined(pastValue, headsOf(required(n, 2), 'kv_num_heads'));
  const times = (q.shape[1] ?? 1) / (k.shape[1] ?? 1);
  const allowed = mask?.dtype === 'bool' ? mask.where(q.zeros([]), HIDDEN) : mask;
  // Here the first query sees the first key that is not past, whatever the number of keys.
  const causal = intOf(attributes, 'is_causal', 0) === 1 ? triangle(q, k, pastKey?.shape[2] ?? 0) : undefined;
  const bias = both(allowed?.cast(q.dtype), causal);
  const y = attend(n, q, repeated(k, times), repeated(v, times), { bias, softcap: floatOf(attributes, 'softcap', 0) });
  return [wide ? y : joinHeads(y), k, v];
};

/** Rotary positions, ONNX's order of inputs (x, cos, sin, positions) or onnxruntime's (x, positions, cos, sin). */
const rotaryWith =
  (order: readonly [cos: number, sin: number, positions: number]): Expansion =>
  (n) => {
    const { x, attributes } = n;
    const [cosAt, sinAt, positionsAt] = order;
    const [cos, sin, positions] = [required(n, cosAt), required(n, sinAt), n.inputs[positionsAt]];
    const heads = intOf(attributes, 'num_heads', 0);
    if (x.rank === 3 && heads === 0) n.refuse('Export the model with the number of heads.');
    const [b = 1, , s = 1] = x.rank === 4 ? x.shape : [x.shape[0], 1, x.shape[1]];
    const wide = x.rank === 4 ? x : splitHeads(x, heads);
    const width = intOf(attributes, 'rotary_embedding_dim', 0) || (wide.shape[3] ?? 1);
    const placed = (table: Tensor): Tensor => {
      if (!positions) return table.rank === 2 ? table.slice(0, 0, s).reshape([1, 1, s, width / 2]) : table.unsqueeze(1);
      const whole = positions.cast('int64');
      const start = whole.size === 1 && s > 1;
      const places = start
        ? whole
            .reshape([1, 1])
            .add(whole.places(s, 1, 2))
            .expand([b, s])
        : whole;
      return table.gather(places).unsqueeze(1);
    };
    const y = rotated(wide, placed(cos), placed(sin), width, intOf(attributes, 'interleaved', 0) === 1);
    return [x.rank === 4 ? y : joinHeads(y)];
  };
export const onnxRotary = rotaryWith([1, 2, 3]);
export const microsoftRotary = rotaryWith([2, 3, 1]);
