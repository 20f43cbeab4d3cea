/** Pillow's antialiased resampling: the coefficients, shared by preprocessing (8-bit passes) and by the differentiable crop (matrices). */
import type { Raster } from '../image/opaque.ts';
import { across, type WholeTaps } from './across.ts';

export type Interpolation = 'nearest' | 'box' | 'bilinear' | 'bicubic' | 'lanczos';

interface Kernel {
  readonly support: number;
  weight(x: number): number;
}
const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
/** Keys' cubic with a = -1/2 (Keys, 1981), as Pillow has it. */
function cubic(x: number): number {
  const d = Math.abs(x);
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
  return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
}
const KERNELS: Record<Exclude<Interpolation, 'nearest'>, Kernel> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: cubic },
  lanczos: { support: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

export interface Taps {
  /** First input element that this output element reads. */
  readonly first: number;
  /** Weights that sum to one. */
  readonly weights: readonly number[];
}

/**
 * For each of `output` elements, what it reads of `input` elements between `from` and `to` (fractions of elements allowed).
 * The kernel widens with the scale when shrinking. Source: Pillow, Resample.c, precompute_coeffs.
 */
export function resamplingTaps(
  input: number,
  output: number,
  interpolation: Interpolation,
  from = 0,
  to = input,
): Taps[] {
  const scale = (to - from) / output;
  if (interpolation === 'nearest') {
    return Array.from({ length: output }, (_, i) => ({
      first: Math.min(input - 1, Math.max(0, Math.floor(from + (i + 0.5) * scale))),
      weights: [1],
    }));
  }
  const { support, weight } = KERNELS[interpolation];
  const stretch = Math.max(1, scale);
  const reach = support * stretch;
  return Array.from({ length: output }, (_, i) => {
    const centre = from + (i + 0.5) * scale;
    const first = Math.min(input - 1, Math.max(0, Math.trunc(centre - reach + 0.5)));
    const end = Math.max(first + 1, Math.min(input, Math.trunc(centre + reach + 0.5)));
    const raw = Array.from({ length: end - first }, (_, k) => weight((first + k - centre + 0.5) / stretch));
    const total = raw.reduce((a, b) => a + b, 0);
    return { first, weights: total === 0 ? raw.map((_, k) => (k === 0 ? 1 : 0)) : raw.map((w) => w / total) };
  });
}

/** The same as a dense matrix [output, input], row-major: `R · column` resamples a column. */
export function resamplingMatrix(
  input: number,
  output: number,
  interpolation: Interpolation,
  from = 0,
  to = input,
): Float32Array {
  const matrix = new Float32Array(output * input);
  resamplingTaps(input, output, interpolation, from, to).forEach(({ first, weights }, row) => {
    matrix.set(weights, row * input + first);
  });
  return matrix;
}

/** Pillow rounds its coefficients to this many bits (Resample.c, PRECISION_BITS). */
const PRECISION = 22;
const fixed = (weight: number): number => Math.trunc(weight * 2 ** PRECISION + (weight < 0 ? -0.5 : 0.5));

function wholeTaps(taps: readonly Taps[], input: number, from: number, size: number): WholeTaps {
  const part = taps.slice(from, from + size);
  const count = part.reduce((most, t) => Math.max(most, t.weights.length), 1);
  const first = Int32Array.from(part, (t) => Math.min(t.first, input - count));
  const weights = new Int32Array(part.length * count);
  for (const [i, t] of part.entries()) weights.set(t.weights.map(fixed), i * count + t.first - (first[i] ?? 0));
  return { first, count, weights };
}

const HALF = 1 << (PRECISION - 1);
/** Sums stay within 32 bits: 255 times weights of absolute sum below two. */
const clamped = (sum: number): number => {
  const v = sum >> PRECISION;
  return v < 0 ? 0 : Math.min(v, 255);
};

/** Columns resampled along y; `top` is the row of the picture that `source` begins with. */
function down(source: Uint8Array, stride: number, top: number, { first, count, weights }: WholeTaps): Uint8Array {
  const rows = first.length;
  const out = new Uint8Array(rows * stride);
  const sums = new Int32Array(stride);
  for (let y = 0; y < rows; y++) {
    sums.fill(HALF);
    for (let k = 0; k < count; k++) {
      const w = weights[y * count + k] as number;
      if (w === 0) continue;
      const at = ((first[y] as number) - top + k) * stride;
      for (let i = 0; i < stride; i++) sums[i] = (sums[i] as number) + Math.imul(w, source[at + i] as number);
    }
    for (let i = 0; i < stride; i++) out[y * stride + i] = clamped(sums[i] as number);
  }
  return out;
}

/** Part of a resized picture. */
export interface Cut {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Resizes as Pillow does, to the byte: horizontally, then vertically, rounding and clamping to 8 bits after each.
 * Only `cut` of the result is worked out, and only the rows that it reads.
 */
export function resize(
  picture: Raster,
  width: number,
  height: number,
  interpolation: Interpolation,
  cut: Cut = { left: 0, top: 0, width, height },
): Raster {
  const { width: w, height: h, data } = picture;
  const unchanged = (size: number): Taps[] => Array.from({ length: size }, (_, i) => ({ first: i, weights: [1] }));
  const taps = (from: number, to: number): Taps[] =>
    from === to ? unchanged(to) : resamplingTaps(from, to, interpolation);
  const vertical = wholeTaps(taps(h, height), h, cut.top, cut.height);
  const top = vertical.first.reduce((least, v) => Math.min(least, v), h);
  const end = vertical.first.reduce((most, v) => Math.max(most, v + vertical.count), 0);
  const horizontal = wholeTaps(taps(w, width), w, cut.left, cut.width);
  const narrow = across(data, w, top, end - top, horizontal);
  return { width: cut.width, height: cut.height, data: down(narrow, cut.width * 3, top, vertical) };
}
