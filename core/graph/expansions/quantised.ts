/**
 * Quantised operators as what they stand for: de-quantised weights in ordinary arithmetic. Activations pass straight through, so
 * the gradient is that of the de-quantised weights (straight-through, Bengio and others, 2013). A tensor that a file calls int8 is here the
 * real number that it stands for; only constants are whole numbers.
 */
import type { Tensor } from '../tensor.ts';
import type { Attributes, DType } from '../types.ts';
import { dtypeOfCode, float, floatOf, int, intOf, textOf } from '../types.ts';
import { activated } from './activations.ts';
import type { Expansion, ExpansionInput } from './expansion.ts';
import { numbersOf, required } from './expansion.ts';

const isReal = (t: Tensor): boolean => t.dtype.startsWith('float');

/** The real numbers of a constant of whole ones, (q - zero) scale; a tensor that is real already, as it is. */
function real(t: Tensor, scale: Tensor, zero: Tensor | undefined, attributes: Attributes = {}): Tensor {
  if (isReal(t)) return t;
  const zeros = zero && !isReal(zero) ? [zero] : [];
  return t.apply('DequantizeLinear', [scale, ...zeros], attributes);
}
/** Whole numbers less their zero point, one a channel or one for all. */
function centred(t: Tensor, zero: Tensor | undefined, axis: number): Tensor {
  if (isReal(t)) return t;
  const each = zero && zero.size > 1 ? [zero.size] : [];
  const scale = zero ? t.like(0).cast('float32').like(1).expand(each) : t.like(0).cast('float32').like(1);
  return real(t, scale, zero?.size === 1 ? zero.reshape([]) : zero, { axis: int(axis) });
}

/** Stands as it is over a constant; over what was never quantised here, nothing is left to do. */
export const dequantizeLinear: Expansion = ({ x }) => (isReal(x) ? [x] : undefined);

const RANGES: Partial<Record<DType, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
  uint4: [0, 15],
  int4: [-8, 7],
};
/** Rounding passes straight through; what lies outside the range is cut, as the quantised file cuts it (quantisers fold Relu into this). */
export const quantizeLinear: Expansion = (n) => {
  const { x, attributes } = n;
  const scale = required(n, 1).cast(x.dtype);
  const [, , zero] = n.inputs;
  const wanted = dtypeOfCode(intOf(attributes, 'output_dtype', 0));
  const [low, high] = RANGES[zero?.dtype ?? wanted ?? 'uint8'] ?? n.refuse('Quantise to 4, 8 or 16 bits.');
  const axis = intOf(attributes, 'axis', 1);
  if (intOf(attributes, 'block_size', 0) !== 0)
    n.refuse('Activations quantised in blocks are not supported; quantise weights only.');
  const placed = (t: Tensor): Tensor =>
    t.size === 1 ? t.reshape([]) : t.reshape(x.shape.map((_, i) => (i === (axis + x.rank) % x.rank ? t.size : 1)));
  const shift = zero ? placed(zero.cast(x.dtype)) : x.like(0);
  const bound = (limit: number): Tensor => shift.like(limit).sub(shift).mul(placed(scale));
  return [clamped(x, bound(low), bound(high))];
};
const clamped = (x: Tensor, low: Tensor, high: Tensor): Tensor =>
  low.size === 1 && high.size === 1 ? x.apply('Clip', [low.reshape([]), high.reshape([])]) : x.max(low).min(high);

/** Unquantised: scale one, zero point nought. */
export const dynamicQuantizeLinear: Expansion = ({ x }) => [x, x.like(1), x.whole([0], []).cast('uint8')];

export const matMulInteger: Expansion = (n) => {
  const b = required(n, 1);
  return [centred(n.x, n.inputs[2], n.x.rank - 2).matmul(centred(b, n.inputs[3], b.rank - 1))];
};
export const convInteger: Expansion = (n) => [
  centred(n.x, n.inputs[2], 1).apply('Conv', [centred(required(n, 1), n.inputs[3], 0)], n.attributes),
];

/** com.microsoft:DynamicQuantizeMatMul (x, b, b scale, b zero, bias). */
export const dynamicQuantizeMatMul: Expansion = (n) => {
  const b = required(n, 1);
  const product = n.x.matmul(real(b, required(n, 2), n.inputs[3], { axis: int(b.rank - 1) }));
  return [n.inputs[4] ? product.add(n.inputs[4]) : product];
};
/** com.microsoft:MatMulIntegerToFloat (a, b, a scale, b scale, a zero, b zero, bias). */
export const matMulIntegerToFloat: Expansion = (n) => {
  const b = required(n, 1);
  const product = real(n.x, required(n, 2), n.inputs[4]).matmul(
    real(b, required(n, 3), n.inputs[5], { axis: int(b.rank - 1) }),
  );
  return [n.inputs[6] ? product.add(n.inputs[6]) : product];
};

/** What an output's own scale and zero point would cut off. */
function cut(n: ExpansionInput, y: Tensor, scaleAt: number): Tensor {
  const inputs = [y, n.inputs[scaleAt], n.inputs[scaleAt + 1]];
  return n.inputs[scaleAt] ? (quantizeLinear({ ...n, x: y, inputs, attributes: {} })?.[0] ?? y) : y;
}
/** QLinearMatMul (a, scale, zero, b, scale, zero, y scale, y zero). */
export const qLinearMatMul: Expansion = (n) => {
  const b = required(n, 3);
  const product = real(n.x, required(n, 1), n.inputs[2]).matmul(
    real(b, required(n, 4), n.inputs[5], { axis: int(b.rank - 1) }),
  );
  return [cut(n, product, 6)];
};
/** A bias of whole numbers has the scale of x times w, inputs 1 and 4. */
const realBias = (n: ExpansionInput, bias: Tensor): Tensor =>
  isReal(bias) ? bias : bias.cast('float32').mul(required(n, 1)).mul(required(n, 4));
/** QLinearConv (x, scale, zero, w, scale, zero, y scale, y zero, bias of scale x·w). */
export const qLinearConv: Expansion = (n) => {
  const w = real(required(n, 3), required(n, 4), n.inputs[5], { axis: int(0) });
  const [, , , , , , , , bias] = n.inputs;
  const offset = bias && realBias(n, bias);
  return [cut(n, real(n.x, required(n, 1), n.inputs[2]).apply('Conv', offset ? [w, offset] : [w], n.attributes), 6)];
};
/** com.microsoft:QLinearAdd and QLinearMul (a, scale, zero, b, scale, zero, y scale, y zero). */
export const qLinearPair =
  (operator: 'Add' | 'Mul'): Expansion =>
  (n) => [
    cut(
      n,
      real(n.x, required(n, 1), n.inputs[2]).apply(operator, [real(required(n, 3), required(n, 4), n.inputs[5])]),
      6,
    ),
  ];
/** com.microsoft operators of one quantised input (x, scale, zero, y scale, y zero). */
export const qLinearOne =
  (f: (x: Tensor, a: Attributes, n: ExpansionInput) => Tensor): Expansion =>
  (n) => [cut(n, f(real(n.x, required(n, 1), n.inputs[2]), n.attributes, n), 3)];
/** com.microsoft:QLinearConcat (y scale, y zero, then x, scale, zero of each part). */
export const qLinearConcat: Expansion = (n) => {
  const parts = Array.from({ length: Math.floor((n.inputs.length - 2) / 3) }, (_, i) =>
    real(required(n, 2 + 3 * i), required(n, 3 + 3 * i), n.inputs[4 + 3 * i]),
  );
  const [first = n.x, ...rest] = parts;
  return [cut(n, first.apply('Concat', rest, { axis: int(intOf(n.attributes, 'axis', 0)) }), 0)];
};
/** com.microsoft:QGemm (a, scale, zero, b, scale, zero, bias, y scale, y zero). */
export const qGemm: Expansion = (n) => {
  const b = required(n, 3);
  const transB = intOf(n.attributes, 'transB', 0);
  const [left, right] = [
    real(n.x, required(n, 1), n.inputs[2]),
    real(b, required(n, 4), n.inputs[5], { axis: int(transB ? 0 : 1) }),
  ];
  const product = left.apply('Gemm', [right], {
    alpha: float(floatOf(n.attributes, 'alpha', 1)),
    transA: int(intOf(n.attributes, 'transA', 0)),
    transB: int(transB),
  });
  const bias = n.inputs[6];
  const offset = bias && realBias(n, bias);
  const y = offset ? product.add(offset) : product;
  return [n.inputs[7] ? cut(n, y, 7) : y];
};

/** Packed bytes of 4 bits (the low half first) or 8 as [rows, columns] of the type that DequantizeLinear takes in blocks. */
function unpacked(n: ExpansionInput, t: Tensor, rows: number, columns: number, bits: number): Tensor {
  const dtype = bits === 4 ? 'uint4' : bits === 8 ? 'uint8' : n.refuse('Quantise to 4 or 8 bits.');
  const found = t.builder.constantOf(t.value) ?? n.refuse('Its quantised weights must be constants.');
  return t.constant({ ...found, dtype, shape: [rows, columns] }, `${t.value}.${dtype}`);
}
/** Zero points of each row padded to whole bytes, without the padding; the middle of the range when there are none. */
function zeroPoints(n: ExpansionInput, t: Tensor | undefined, rows: number, blocks: number, bits: number): Tensor {
  const near = t ?? n.x;
  const dtype = bits === 4 ? 'uint4' : 'uint8';
  if (t && isReal(t)) n.refuse('Zero points in floating point are not supported; quantise symmetrically.');
  if (t && (bits === 8 || blocks % 2 === 0)) return unpacked(n, t, rows, blocks, bits);
  const given = t?.known?.data;
  if (t && !given) n.refuse('Its zero points are too many to be re-packed.');
  const each = Math.ceil((blocks * bits) / 8);
  const at = (row: number, block: number): number =>
    given ? ((given[row * each + (block >> 1)] ?? 0) >> (block % 2 ? 4 : 0)) & 15 : 1 << (bits - 1);
  const flat = Array.from({ length: rows * blocks }, (_, i) => at(Math.floor(i / blocks), i % blocks));
  const bytes =
    bits === 8
      ? flat
      : Array.from(
          { length: Math.ceil(flat.length / 2) },
          (_, i) => (flat[2 * i] ?? 0) | ((flat[2 * i + 1] ?? 0) << 4),
        );
  return near.constant({ dtype, shape: [rows, blocks], bytes: Uint8Array.from(bytes) }, 'zero-points');
}

/** com.microsoft:MatMulNBits: x · Wᵀ with W [n, k] in blocks along k. */
export const matMulNBits: Expansion = (n) => {
  const { x, attributes } = n;
  const [, packed = x, scales = x, zeros, groups, bias] = n.inputs;
  const [k, rows, bits, block] = ['K', 'N', 'bits', 'block_size'].map((key) =>
    intOf(attributes, key, key === 'bits' ? 4 : 32),
  );
  if (!k || !rows || !bits || !block) return undefined;
  if (groups && numbersOf(n, 4, 'order of groups')?.some((g, i) => g !== Math.floor(i / block)))
    n.refuse('Quantise without reordering (g_idx).');
  const blocks = Math.ceil(k / block);
  const weights = unpacked(n, packed, rows, blocks * block, bits).apply(
    'DequantizeLinear',
    [scales.reshape([rows, blocks]), zeroPoints(n, zeros, rows, blocks, bits)],
    { axis: int(1), block_size: int(block) },
  );
  const used = blocks * block === k ? weights : weights.slice(1, 0, k);
  const product = x.matmulTransposed(used.cast(x.dtype), 'right');
  return [bias ? product.add(bias) : product];
};
/** com.microsoft:GatherBlockQuantized: rows of a table that is quantised in blocks along its last axis. */
export const gatherBlockQuantized: Expansion = (n) => {
  const { x, attributes } = n;
  const [, indices = x, scales = x, zeros] = n.inputs;
  const bits = intOf(attributes, 'bits', 4);
  const packs = x.dtype === 'uint8' && bits === 4;
  const axis = (intOf(attributes, 'quantize_axis', 1) + x.rank) % x.rank;
  if (axis !== x.rank - 1 || x.rank !== 2) n.refuse('Quantise the table along its last axis.');
  const [rows = 1, columns = 1] = x.shape;
  const table = packs ? unpacked(n, x, rows, columns * 2, bits) : x;
  const blocks = scales.shape[1] ?? 1;
  const zero = zeros
    ? [packs ? zeroPoints(n, zeros, rows, blocks, bits) : zeros]
    : packs
      ? [zeroPoints(n, undefined, rows, blocks, bits)]
      : [];
  const whole = table.apply('DequantizeLinear', [scales, ...zero], {
    axis: int(1),
    block_size: int(intOf(attributes, 'block_size', 128)),
  });
  return [whole.gather(indices, intOf(attributes, 'gather_axis', 0))];
};

/** com.microsoft:FusedConv (x, w, bias, added) with an activation; FusedGemm likewise. */
export const fusedConv: Expansion = (n) => {
  const [, w = n.x, bias, added] = n.inputs;
  const { activation: _a, activation_params: parameters, ...rest } = n.attributes;
  const y = n.x.apply('Conv', bias ? [w, bias] : [w], rest);
  const name = textOf(n.attributes, 'activation', '');
  return [
    activated(added ? y.add(added) : y, name, parameters?.type === 'floats' ? parameters.value : []) ??
      n.refuse(`Its activation "${name}" is not known.`),
  ];
};
export const fusedGemm: Expansion = (n) => {
  const [, b = n.x, c] = n.inputs;
  const { activation: _a, activation_alpha: _al, activation_beta: _be, activation_gamma: _g, ...rest } = n.attributes;
  const name = textOf(n.attributes, 'activation', '');
  const given = ['activation_alpha', 'activation_beta'].flatMap((key) =>
    n.attributes[key] ? [floatOf(n.attributes, key, 0)] : [],
  );
  return [
    activated(n.x.apply('Gemm', c ? [b, c] : [b], rest), name, given) ??
      n.refuse(`Its activation "${name}" is not known.`),
  ];
};
