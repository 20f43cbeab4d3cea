/** Static shape inference: for every operator, the types of its outputs from the types (and small known values) of its inputs. */
import type { Known } from './data.ts';
import type { Operator } from './operators.ts';
import type { Attributes, DType, Shape, ValueType } from './types.ts';
import { DTYPES, intOf, intsOf, sizeOf } from './types.ts';
import { slidSizes, transposedWindowOf, windowOf } from './windows.ts';

interface InferenceInput {
  readonly attributes: Attributes;
  /** Types of the inputs; undefined where an optional one is left out. */
  readonly types: readonly (ValueType | undefined)[];
  /** Values of the inputs that are small constants. */
  readonly known: readonly (Known | undefined)[];
  /** How many outputs the node names. */
  readonly outputs: number;
}

/** A reason why shapes do not fit; the caller adds the node's name. */
export class ShapeMismatch extends Error {}
const mismatch = (what: string): never => {
  throw new ShapeMismatch(what);
};

type Rule = (n: InferenceInput) => readonly ValueType[];

const typeAt = (n: InferenceInput, i: number): ValueType => n.types[i] ?? mismatch(`input ${i} is missing`);
const numbersAt = (n: InferenceInput, i: number, what: string): readonly number[] =>
  n.known[i]?.data ?? mismatch(`${what} (input ${i}) must be known before the graph runs`);
const show = (s: Shape): string => `[${s.join(', ')}]`;
const dim = (s: Shape, i: number): number => s[i] ?? mismatch(`${show(s)} has no axis ${i}`);

/** The axis counted from the front. */
export function axisOf(axis: number, rank: number): number {
  const front = axis < 0 ? axis + rank : axis;
  return front >= 0 && front <= rank ? front : mismatch(`axis ${axis} of a tensor of rank ${rank}`);
}

/** NumPy's broadcasting of two shapes. */
function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    return x === y || y === 1 ? x : x === 1 ? y : mismatch(`${show(a)} and ${show(b)} do not broadcast`);
  });
}

const same: Rule = (n) => [typeAt(n, 0)];
const elementwise: Rule = (n) => {
  const types = n.types.filter((t) => t !== undefined);
  return [{ dtype: typeAt(n, 0).dtype, shape: types.map((t) => t.shape).reduce(broadcast) }];
};
const comparison: Rule = (n) => elementwise(n).map((t) => ({ ...t, dtype: 'bool' as const }));

/** Axes of a reduction: input 1 when given, else every axis. */
export function reducedAxes(attributes: Attributes, rank: number, axes: readonly number[] | undefined): readonly number[] {
  if (axes && axes.length > 0) return axes.map((a) => axisOf(a, rank));
  return intOf(attributes, 'noop_with_empty_axes', 0) ? [] : Array.from({ length: rank }, (_, i) => i);
}
function without(shape: Shape, axes: readonly number[], keep: boolean): Shape {
  return keep ? shape.map((d, i) => (axes.includes(i) ? 1 : d)) : shape.filter((_, i) => !axes.includes(i));
}
const reduction: Rule = (n) => {
  const { dtype, shape } = typeAt(n, 0);
  if (n.types[1]) numbersAt(n, 1, 'axes');
  return [{ dtype, shape: without(shape, reducedAxes(n.attributes, shape.length, n.known[1]?.data), intOf(n.attributes, 'keepdims', 1) === 1) }];
};
const argument: Rule = (n) => {
  const { shape } = typeAt(n, 0);
  return [{ dtype: 'int64', shape: without(shape, [axisOf(intOf(n.attributes, 'axis', 0), shape.length)], intOf(n.attributes, 'keepdims', 1) === 1) }];
};

const topK: Rule = (n) => {
  const { dtype, shape } = typeAt(n, 0);
  const axis = axisOf(intOf(n.attributes, 'axis', -1), shape.length);
  const [k = 1] = numbersAt(n, 1, 'k');
  if (k > dim(shape, axis)) mismatch(`the ${k} greatest of ${dim(shape, axis)}`);
  const found = shape.map((d, i) => (i === axis ? k : d));
  return [
    { dtype, shape: found },
    { dtype: 'int64', shape: found },
  ];
};

function swapLast(shape: Shape): Shape {
  return shape.length < 2 ? shape : [...shape.slice(0, -2), dim(shape, shape.length - 1), dim(shape, shape.length - 2)];
}
const matmul: Rule = (n) => {
  const left = typeAt(n, 0);
  const a = intOf(n.attributes, 'transA', 0) ? swapLast(left.shape) : left.shape;
  const b = intOf(n.attributes, 'transB', 0) ? swapLast(typeAt(n, 1).shape) : typeAt(n, 1).shape;
  const wide = a.length === 1 ? [1, ...a] : a;
  const tall = b.length === 1 ? [...b, 1] : b;
  if (wide.at(-1) !== tall.at(-2)) mismatch(`matrix product of ${show(a)} and ${show(b)}`);
  const batch = broadcast(wide.slice(0, -2), tall.slice(0, -2));
  const rows = a.length === 1 ? [] : [dim(wide, wide.length - 2)];
  const columns = b.length === 1 ? [] : [dim(tall, tall.length - 1)];
  return [{ dtype: left.dtype, shape: [...batch, ...rows, ...columns] }];
};

const conv: Rule = (n) => {
  const x = typeAt(n, 0);
  const w = typeAt(n, 1).shape;
  const groups = intOf(n.attributes, 'group', 1);
  if (dim(x.shape, 1) !== dim(w, 1) * groups) mismatch(`convolution of ${show(x.shape)} with weights ${show(w)} in ${groups} groups`);
  const spatial = x.shape.slice(2);
  return [{ dtype: x.dtype, shape: [dim(x.shape, 0), dim(w, 0), ...slidSizes(windowOf(n.attributes, spatial, w.slice(2)), spatial)] }];
};
const convTranspose: Rule = (n) => {
  const x = typeAt(n, 0);
  const w = typeAt(n, 1).shape;
  const { sizes } = transposedWindowOf(n.attributes, x.shape.slice(2), w.slice(2));
  return [{ dtype: x.dtype, shape: [dim(x.shape, 0), dim(w, 1) * intOf(n.attributes, 'group', 1), ...sizes] }];
};
const pool: Rule = (n) => {
  const x = typeAt(n, 0);
  const spatial = x.shape.slice(2);
  const shape = [...x.shape.slice(0, 2), ...slidSizes(windowOf(n.attributes, spatial), spatial, intOf(n.attributes, 'ceil_mode', 0) === 1)];
  return [
    { dtype: x.dtype, shape },
    { dtype: 'int64' as const, shape },
  ].slice(0, n.outputs);
};
const layerNorm: Rule = (n) => {
  const x = typeAt(n, 0);
  const axis = axisOf(intOf(n.attributes, 'axis', -1), x.shape.length);
  const statistics: ValueType = { dtype: 'float32', shape: x.shape.map((d, i) => (i < axis ? d : 1)) };
  return [x, statistics, statistics].slice(0, n.outputs);
};

const reshape: Rule = (n) => {
  const x = typeAt(n, 0);
  const wanted = numbersAt(n, 1, 'the shape').map((d, i) => (d === 0 && !intOf(n.attributes, 'allowzero', 0) ? dim(x.shape, i) : d));
  const rest = wanted.reduce((a, d) => (d === -1 ? a : a * d), 1);
  const shape = wanted.map((d) => (d === -1 ? sizeOf(x.shape) / rest : d));
  if (sizeOf(shape) !== sizeOf(x.shape) || shape.some((d) => !Number.isInteger(d))) mismatch(`${show(x.shape)} reshaped to ${show(wanted)}`);
  return [{ dtype: x.dtype, shape }];
};
const squeeze: Rule = (n) => {
  const x = typeAt(n, 0);
  const axes = n.types[1] ? numbersAt(n, 1, 'axes').map((a) => axisOf(a, x.shape.length)) : x.shape.flatMap((d, i) => (d === 1 ? [i] : []));
  return [{ dtype: x.dtype, shape: without(x.shape, axes, false) }];
};
const unsqueeze: Rule = (n) => {
  const x = typeAt(n, 0);
  const given = numbersAt(n, 1, 'axes');
  const rank = x.shape.length + given.length;
  const axes = given.map((a) => axisOf(a, rank));
  const rest = [...x.shape];
  return [{ dtype: x.dtype, shape: Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : (rest.shift() ?? 1))) }];
};
const concat: Rule = (n) => {
  const first = typeAt(n, 0);
  const axis = axisOf(intOf(n.attributes, 'axis', 0), first.shape.length);
  const total = n.types.reduce((sum, t) => sum + dim((t ?? first).shape, axis), 0);
  for (const t of n.types)
    if (t?.shape.some((d, i) => i !== axis && d !== first.shape[i])) mismatch(`joining ${show(first.shape)} and ${show(t.shape)} on axis ${axis}`);
  return [{ dtype: first.dtype, shape: first.shape.map((d, i) => (i === axis ? total : d)) }];
};
const split: Rule = (n) => {
  const x = typeAt(n, 0);
  const axis = axisOf(intOf(n.attributes, 'axis', 0), x.shape.length);
  const parts = n.outputs;
  const each = Math.ceil(dim(x.shape, axis) / parts);
  const sizes = n.types[1] ? numbersAt(n, 1, 'split sizes') : Array.from({ length: parts }, (_, i) => Math.min(each, dim(x.shape, axis) - each * i));
  return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? size : d)) }));
};

/** One axis of a slice: where it begins, its step, and how many elements it takes. */
export interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly count: number;
}
/** The cuts of a Slice node, with negative and overlong bounds made plain. */
export function cutsOf(shape: Shape, starts: readonly number[], ends: readonly number[], axes?: readonly number[], steps?: readonly number[]): Cut[] {
  return starts.map((start, i) => {
    const axis = axisOf(axes?.[i] ?? i, shape.length);
    const size = dim(shape, axis);
    const step = steps?.[i] ?? 1;
    const bounded = (v: number): number => Math.min(Math.max(v < 0 ? v + size : v, step < 0 ? -1 : 0), step < 0 ? size - 1 : size);
    const from = bounded(start);
    const end = ends[i] ?? size;
    const to = step < 0 && end < -size ? -1 : bounded(end);
    return { axis, start: from, step, count: Math.max(0, Math.ceil((to - from) / step)) };
  });
}
const slice: Rule = (n) => {
  const x = typeAt(n, 0);
  const cuts = cutsOf(
    x.shape,
    numbersAt(n, 1, 'starts'),
    numbersAt(n, 2, 'ends'),
    n.types[3] && numbersAt(n, 3, 'axes'),
    n.types[4] && numbersAt(n, 4, 'steps'),
  );
  return [{ dtype: x.dtype, shape: x.shape.map((d, i) => cuts.find((c) => c.axis === i)?.count ?? d) }];
};
const gather: Rule = (n) => {
  const x = typeAt(n, 0);
  const axis = axisOf(intOf(n.attributes, 'axis', 0), x.shape.length);
  return [{ dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...typeAt(n, 1).shape, ...x.shape.slice(axis + 1)] }];
};
const gatherNd: Rule = (n) => {
  const x = typeAt(n, 0);
  const indices = typeAt(n, 1).shape;
  const batch = intOf(n.attributes, 'batch_dims', 0);
  return [{ dtype: x.dtype, shape: [...indices.slice(0, -1), ...x.shape.slice(batch + (indices.at(-1) ?? 0))] }];
};
const pad: Rule = (n) => {
  const x = typeAt(n, 0);
  const pads = numbersAt(n, 1, 'pads');
  const axes = n.types[3] ? numbersAt(n, 3, 'axes').map((a) => axisOf(a, x.shape.length)) : x.shape.map((_, i) => i);
  return [
    { dtype: x.dtype, shape: x.shape.map((d, i) => d + (pads[axes.indexOf(i)] ?? 0) + (axes.includes(i) ? (pads[axes.indexOf(i) + axes.length] ?? 0) : 0)) },
  ];
};
const constant = (n: InferenceInput): readonly ValueType[] => {
  const v = n.attributes['value'];
  return v?.type === 'tensor' ? [{ dtype: v.value.dtype, shape: v.value.shape }] : mismatch('a constant of an unusual kind');
};
const cast: Rule = (n) => {
  const to = intOf(n.attributes, 'to', 1);
  const dtype = (Object.keys(DTYPES) as DType[]).find((d) => DTYPES[d].onnx === to) ?? mismatch(`a cast to the unknown type ${to}`);
  return [{ dtype, shape: typeAt(n, 0).shape }];
};
const range: Rule = (n) => {
  const [start = 0, limit = 0, delta = 1] = [0, 1, 2].map((i) => numbersAt(n, i, 'a bound of the range')[0]);
  return [{ dtype: typeAt(n, 0).dtype, shape: [Math.max(0, Math.ceil((limit - start) / delta))] }];
};
const blocks =
  (deeper: boolean): Rule =>
  (n) => {
    const x = typeAt(n, 0);
    const [b = 1, c = 1, h = 1, w = 1] = x.shape;
    const k = intOf(n.attributes, 'blocksize', 1);
    return [{ dtype: x.dtype, shape: deeper ? [b, c * k * k, h / k, w / k] : [b, c / (k * k), h * k, w * k] }];
  };
const filled: Rule = (n) => {
  const v = n.attributes['value'];
  return [{ dtype: v?.type === 'tensor' ? v.value.dtype : 'float32', shape: numbersAt(n, 0, 'the shape') }];
};
const dropout: Rule = (n) => [typeAt(n, 0), { dtype: 'bool' as const, shape: typeAt(n, 0).shape }].slice(0, n.outputs);
const flatten: Rule = (n) => {
  const x = typeAt(n, 0);
  const axis = axisOf(intOf(n.attributes, 'axis', 1), x.shape.length);
  return [{ dtype: x.dtype, shape: [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))] }];
};
const transpose: Rule = (n) => {
  const x = typeAt(n, 0);
  const order = intsOf(n.attributes, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i);
  return [{ dtype: x.dtype, shape: order.map((i) => dim(x.shape, i)) }];
};

export const INFERENCE: Record<Operator, Rule> = {
  Add: elementwise,
  Sub: elementwise,
  Mul: elementwise,
  Div: elementwise,
  Pow: elementwise,
  Mod: elementwise,
  Min: elementwise,
  Max: elementwise,
  Equal: comparison,
  Less: comparison,
  LessOrEqual: comparison,
  Greater: comparison,
  GreaterOrEqual: comparison,
  And: comparison,
  Or: comparison,
  Xor: comparison,
  Where: (n) => [{ dtype: typeAt(n, 1).dtype, shape: n.types.flatMap((t) => (t ? [t.shape] : [])).reduce(broadcast) }],
  Abs: same,
  Neg: same,
  Exp: same,
  Log: same,
  Sqrt: same,
  Reciprocal: same,
  Sin: same,
  Cos: same,
  Asin: same,
  Acos: same,
  Atan: same,
  Tanh: same,
  Sigmoid: same,
  Erf: same,
  Relu: same,
  LeakyRelu: same,
  Elu: same,
  Softplus: same,
  HardSigmoid: same,
  HardSwish: same,
  Gelu: same,
  Clip: same,
  Identity: same,
  Not: same,
  Floor: same,
  Ceil: same,
  Round: same,
  Sign: same,
  IsNaN: comparison,
  IsInf: comparison,
  'com.microsoft:QuickGelu': same,
  Cast: cast,
  Dropout: dropout,
  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceL1: reduction,
  ReduceL2: reduction,
  ReduceProd: reduction,
  ReduceSumSquare: reduction,
  ReduceLogSumExp: reduction,
  ArgMax: argument,
  ArgMin: argument,
  Softmax: same,
  LogSoftmax: same,
  CumSum: same,
  TopK: topK,
  MatMul: matmul,
  'com.microsoft:FusedMatMul': matmul,
  Gemm: matmul,
  Conv: conv,
  ConvTranspose: convTranspose,
  AveragePool: pool,
  MaxPool: pool,
  GlobalAveragePool: (n) => [{ dtype: typeAt(n, 0).dtype, shape: typeAt(n, 0).shape.map((d, i) => (i < 2 ? d : 1)) }],
  LayerNormalization: layerNorm,
  BatchNormalization: same,
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
  GatherElements: (n) => [{ dtype: typeAt(n, 0).dtype, shape: typeAt(n, 1).shape }],
  GatherND: gatherNd,
  ScatterND: same,
  ScatterElements: same,
  Expand: (n) => [{ dtype: typeAt(n, 0).dtype, shape: broadcast(typeAt(n, 0).shape, numbersAt(n, 1, 'the shape')) }],
  Tile: (n) => [{ dtype: typeAt(n, 0).dtype, shape: typeAt(n, 0).shape.map((d, i) => d * (numbersAt(n, 1, 'repeats')[i] ?? 1)) }],
  Pad: pad,
  Trilu: same,
  DepthToSpace: blocks(false),
  SpaceToDepth: blocks(true),
  DequantizeLinear: (n) => [{ dtype: typeAt(n, 1).dtype, shape: typeAt(n, 0).shape }],
  Shape: (n) => {
    const rank = typeAt(n, 0).shape.length;
    return [{ dtype: 'int64', shape: [typeAt(n, 0).shape.slice(intOf(n.attributes, 'start', 0), intOf(n.attributes, 'end', rank)).length] }];
  },
  Size: () => [{ dtype: 'int64', shape: [] }],
  Constant: constant,
  ConstantOfShape: filled,
  Range: range,
  EyeLike: (n) => (n.attributes['dtype'] ? cast({ ...n, attributes: { to: n.attributes['dtype'] } }) : same(n)),
};
