/** Resize as one matrix an axis: out = R · x, with R made from ONNX's formulas for coordinates and kernels. Its gradient is then a product with Rᵀ. */
import { axisOf } from '../inference.ts';
import type { Tensor } from '../tensor.ts';
import type { Attributes } from '../types.ts';
import { floatOf, intOf, intsOf, textOf } from '../types.ts';
import type { Expansion, ExpansionInput } from './expansion.ts';
import { numbersOf } from './expansion.ts';

interface Axis {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  /** Part of the input that tf_crop_and_resize looks at, in 0..1. */
  readonly roi: readonly [number, number];
}

/** Place in the input of output element `i` (ONNX, Resize, coordinate_transformation_mode). */
function coordinate(mode: string, i: number, { from, to, scale, roi }: Axis): number {
  switch (mode) {
    case 'asymmetric':
      return i / scale;
    case 'align_corners':
      return to === 1 ? 0 : (i * (from - 1)) / (to - 1);
    case 'pytorch_half_pixel':
      return to > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case 'half_pixel_symmetric': {
      const adjustment = to / (scale * from);
      const centre = from / 2;
      return centre * (1 - adjustment) + (i + 0.5) / scale - 0.5;
    }
    case 'tf_half_pixel_for_nn':
      return (i + 0.5) / scale;
    case 'tf_crop_and_resize': {
      const [start, end] = roi;
      return to > 1
        ? start * (from - 1) + (i * (end - start) * (from - 1)) / (to - 1)
        : 0.5 * (start + end) * (from - 1);
    }
    default:
      return (i + 0.5) / scale - 0.5;
  }
}

function nearest(mode: string, x: number): number {
  switch (mode) {
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5);
    default:
      return Math.ceil(x - 0.5);
  }
}

/** Keys' cubic (1981) with coefficient `a`, or the tent, at distance `d`. */
function kernel(mode: string, d: number, a: number): number {
  const x = Math.abs(d);
  if (mode === 'linear') return Math.max(0, 1 - x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** Weights [to][from] of one axis, row by row. */
function matrix(a: Attributes, along: Axis): number[] {
  const { from, to, scale } = along;
  const mode = textOf(a, 'mode', 'nearest');
  const transformation = textOf(a, 'coordinate_transformation_mode', 'half_pixel');
  const cubic = floatOf(a, 'cubic_coeff_a', -0.75);
  const outsideExcluded = intOf(a, 'exclude_outside', 0) === 1;
  const stretch = intOf(a, 'antialias', 0) === 1 && scale < 1 ? 1 / scale : 1;
  const reach = (mode === 'cubic' ? 2 : 1) * stretch;
  const rows = Array.from({ length: to }, (_, i) => {
    const row = Array<number>(from).fill(0);
    const at = coordinate(transformation, i, along);
    if (transformation === 'tf_crop_and_resize' && (at < 0 || at > from - 1)) return row;
    if (mode === 'nearest') {
      const place = Math.min(Math.max(nearest(textOf(a, 'nearest_mode', 'round_prefer_floor'), at), 0), from - 1);
      row[place] = 1;
      return row;
    }
    const first = Math.ceil(at - reach);
    const taps = Array.from({ length: Math.floor(at + reach) - first + 1 }, (_t, k) => {
      const place = first + k;
      const inside = place >= 0 && place < from;
      return {
        place,
        weight: outsideExcluded && !inside ? 0 : kernel(mode, (place - at) / stretch, cubic),
      };
    });
    const total = taps.reduce((sum, t) => sum + t.weight, 0) || 1;
    for (const { place, weight } of taps) {
      const bounded = Math.min(Math.max(place, 0), from - 1);
      row[bounded] = (row[bounded] ?? 0) + weight / total;
    }
    return row;
  });
  return rows.flat();
}

/** The matrix applied along one axis. */
function along(x: Tensor, { axis, from, to }: Axis, weights: readonly number[]): Tensor {
  const places = weights.flatMap((w, i) => (w === 0 ? [] : [i % from]));
  const picks = weights.every((w) => w === 0 || w === 1) && places.length === to;
  if (picks && (!x.dtype.startsWith('float') || to < from)) return x.gather(x.whole(places), axis);
  const factor = to / from;
  if (picks && Number.isInteger(factor) && places.every((p, i) => p === Math.floor(i / factor))) {
    const apart = [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)];
    return x
      .reshape(apart)
      .expand(apart.map((d, i) => (i === axis + 1 ? factor : d)))
      .reshape(x.shape.map((d, i) => (i === axis ? to : d)));
  }
  const r = x.floats(weights, [to, from]);
  if (axis === x.rank - 1) return x.matmulTransposed(r, 'right');
  if (axis === x.rank - 2) return r.matmul(x);
  const order = [...x.shape.map((_, i) => i).filter((i) => i !== axis), axis];
  return x
    .transpose(order)
    .matmulTransposed(r, 'right')
    .transpose(x.shape.map((_, i) => order.indexOf(i)));
}

/** The axes that change, with their sizes and factors. */
function axesOf(n: ExpansionInput): readonly Axis[] {
  const { x, attributes } = n;
  const axes = intsOf(attributes, 'axes')?.map((a) => axisOf(a, x.rank)) ?? x.shape.map((_, i) => i);
  const roi = numbersOf(n, 1, 'region');
  const scales = numbersOf(n, 2, 'factors');
  const wanted = numbersOf(n, 3, 'sizes');
  if (!scales && !wanted) n.refuse('Export the model with fixed sizes.');
  const policy = textOf(attributes, 'keep_aspect_ratio_policy', 'stretch');
  const ratios = axes.map((axis, i) => (wanted?.[i] ?? 1) / (x.shape[axis] ?? 1));
  const common =
    policy === 'not_larger' ? Math.min(...ratios) : policy === 'not_smaller' ? Math.max(...ratios) : undefined;
  return axes.map((axis, i) => {
    const from = x.shape[axis] ?? 1;
    const scale = scales?.[i] ?? common ?? ratios[i] ?? 1;
    const to = scales
      ? Math.floor(from * scale + 1e-6)
      : common === undefined
        ? (wanted?.[i] ?? from)
        : Math.round(from * common);
    return { axis, from, to, scale, roi: [roi?.[i] ?? 0, roi?.[i + axes.length] ?? 1] };
  });
}

export const resize: Expansion = (n) => {
  const cropping = textOf(n.attributes, 'coordinate_transformation_mode', '') === 'tf_crop_and_resize';
  const whole =
    n.x.dtype.startsWith('float') || textOf(n.attributes, 'mode', 'nearest') === 'nearest' ? n.x : n.x.cast('float32');
  const outside = floatOf(n.attributes, 'extrapolation_value', 0);
  return [
    axesOf(n)
      .filter(({ from, to }) => from !== to || cropping)
      .reduce((x, axis) => {
        const weights = matrix(n.attributes, axis);
        const y = along(x, axis, weights);
        if (!cropping || outside === 0) return y;
        const lost = Array.from({ length: axis.to }, (_, i) =>
          weights.slice(i * axis.from, (i + 1) * axis.from).every((w) => w === 0) ? 1 : 0,
        );
        const shape = y.shape.map((_, i) => (i === axis.axis ? axis.to : 1));
        return y.whole(lost, shape).greater(0).where(y.like(outside), y);
      }, whole)
      .cast(n.x.dtype),
  ];
};
