/** Pillow's antialiased resampling: the coefficients, shared by preprocessing (8-bit passes) and by the differentiable crop (matrices). */

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

export interface Raster {
  readonly width: number;
  readonly height: number;
  /** RGB, 8 bits each, row by row. */
  readonly data: Uint8Array;
}

/** Pillow rounds its coefficients to this many bits (Resample.c, PRECISION_BITS). */
const PRECISION = 22;
const fixed = (weight: number): number => Math.trunc(weight * 2 ** PRECISION + (weight < 0 ? -0.5 : 0.5));

/** One pass along an axis: `lines` lines, elements of a line `step` bytes apart, lines `lineStep` bytes apart; rounded and clamped to 8 bits. */
function pass(
  source: Uint8Array,
  taps: readonly Taps[],
  lines: number,
  [step, lineStep]: readonly [number, number],
  [outStep, outLineStep]: readonly [number, number],
): Uint8Array {
  const out = new Uint8Array(lines * taps.length * 3);
  taps.forEach(({ first, weights }, position) => {
    const whole = weights.map(fixed);
    for (let line = 0; line < lines; line++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 2 ** (PRECISION - 1);
        let at = line * lineStep + first * step + channel;
        for (const w of whole) {
          sum += (source[at] ?? 0) * w;
          at += step;
        }
        out[line * outLineStep + position * outStep + channel] = Math.min(
          255,
          Math.max(0, Math.floor(sum / 2 ** PRECISION)),
        );
      }
    }
  });
  return out;
}

/** Resizes as Pillow does, to the byte: horizontally, then vertically, rounding and clamping to 8 bits after each. */
export function resize(picture: Raster, width: number, height: number, interpolation: Interpolation): Raster {
  const { width: w, height: h } = picture;
  const across =
    width === w
      ? picture.data
      : pass(picture.data, resamplingTaps(w, width, interpolation), h, [3, w * 3], [3, width * 3]);
  const down =
    height === h
      ? across
      : pass(across, resamplingTaps(h, height, interpolation), width, [width * 3, 3], [width * 3, 3]);
  return { width, height, data: down };
}
