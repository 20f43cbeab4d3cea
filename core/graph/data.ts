/** Between raw little-endian bytes and numbers, for the few small constants that shape arithmetic must read. */
import type { DType, Initialiser, Shape } from './types.ts';
import { DTYPES, sizeOf } from './types.ts';

/** A constant small enough to be reasoned about: numbers in row-major order. */
export interface Known {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: readonly number[];
}

/** IEEE 754 binary16 to a number. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A number to IEEE 754 binary16, rounded to nearest even. */
export function toHalf(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  const bits = view.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(Math.fround(value));
  if (Number.isNaN(value)) return sign | 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude || 2 ** -30)));
  const unit = 2 ** (exponent - 10);
  const steps = magnitude / unit;
  const floor = Math.floor(steps);
  const rest = steps - floor;
  const rounded = floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
  return sign | (exponent === -14 ? rounded : ((exponent + 14) << 10) + rounded);
}

type Get = (view: DataView, at: number) => number;
type Set = (view: DataView, at: number, value: number) => void;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
const clamped64 = (value: number): bigint => {
  if (value >= 2 ** 63) return INT64_MAX;
  return value <= -(2 ** 63) ? INT64_MIN : BigInt(Math.trunc(value));
};
const access: Record<DType, { get: Get; set: Set }> = {
  float32: { get: (v, i) => v.getFloat32(i, true), set: (v, i, x) => v.setFloat32(i, x, true) },
  float64: { get: (v, i) => v.getFloat64(i, true), set: (v, i, x) => v.setFloat64(i, x, true) },
  float16: { get: (v, i) => fromHalf(v.getUint16(i, true)), set: (v, i, x) => v.setUint16(i, toHalf(x), true) },
  bfloat16: {
    get: (v, i) => new Float32Array(new Uint32Array([v.getUint16(i, true) << 16]).buffer)[0] ?? 0,
    set: (v, i, x) => v.setUint16(i, (new Uint32Array(new Float32Array([x]).buffer)[0] ?? 0) >>> 16, true),
  },
  int64: { get: (v, i) => Number(v.getBigInt64(i, true)), set: (v, i, x) => v.setBigInt64(i, clamped64(x), true) },
  uint64: {
    get: (v, i) => Number(v.getBigUint64(i, true)),
    set: (v, i, x) => v.setBigUint64(i, BigInt(Math.max(0, Math.trunc(x))), true),
  },
  int32: { get: (v, i) => v.getInt32(i, true), set: (v, i, x) => v.setInt32(i, x, true) },
  uint32: { get: (v, i) => v.getUint32(i, true), set: (v, i, x) => v.setUint32(i, x, true) },
  int16: { get: (v, i) => v.getInt16(i, true), set: (v, i, x) => v.setInt16(i, x, true) },
  uint16: { get: (v, i) => v.getUint16(i, true), set: (v, i, x) => v.setUint16(i, x, true) },
  int8: { get: (v, i) => v.getInt8(i), set: (v, i, x) => v.setInt8(i, x) },
  uint8: { get: (v, i) => v.getUint8(i), set: (v, i, x) => v.setUint8(i, x) },
  bool: { get: (v, i) => (v.getUint8(i) ? 1 : 0), set: (v, i, x) => v.setUint8(i, x ? 1 : 0) },
  string: { get: () => Number.NaN, set: () => undefined },
  uint4: { get: () => Number.NaN, set: () => undefined },
  int4: { get: () => Number.NaN, set: () => undefined },
};

/** Types whose numbers nothing here needs to know. */
const UNREAD: ReadonlySet<DType> = new Set(['string', 'uint4', 'int4']);

export function bytesOf(dtype: DType, data: ArrayLike<number>): Uint8Array {
  const { bytes } = DTYPES[dtype];
  const { set } = access[dtype];
  const out = new Uint8Array(data.length * bytes);
  const view = new DataView(out.buffer);
  for (let i = 0; i < data.length; i++) set(view, i * bytes, data[i] ?? 0);
  return out;
}

/** The numbers of a constant, or undefined when it has more than `limit` of them or its bytes are not in memory. */
export function numbersOf(constant: Initialiser, limit = Number.POSITIVE_INFINITY): Known | undefined {
  const count = sizeOf(constant.shape);
  if (!constant.bytes || count > limit || UNREAD.has(constant.dtype)) return undefined;
  const { bytes } = DTYPES[constant.dtype];
  const { get } = access[constant.dtype];
  const view = new DataView(constant.bytes.buffer, constant.bytes.byteOffset, constant.bytes.byteLength);
  return {
    dtype: constant.dtype,
    shape: constant.shape,
    data: Array.from({ length: count }, (_, i) => get(view, i * bytes)),
  };
}

export function initialiserOf(known: Known): Initialiser {
  return { dtype: known.dtype, shape: known.shape, bytes: bytesOf(known.dtype, known.data) };
}

/** float32 data as an initialiser that views it, without a copy. */
export function floats(shape: Shape, data: Float32Array): Initialiser {
  return { dtype: 'float32', shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}
