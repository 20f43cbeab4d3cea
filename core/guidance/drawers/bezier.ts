/**
 * How deep each pixel lies inside broad quadratic Bezier curves, cheaply.
 *
 * A Gaussian around a point is a product of one in x and one in y, so the sum of Gaussians along a curve is one matrix product
 * of its points' columns and rows. The logarithm of that sum is a smooth squared distance to the curve.
 * Nothing the size of [curves, points, height, width] is ever made.
 */
import { contours } from 'd3-contour';
import type { Tensor } from '../../graph/index.ts';
import { gaussian } from '../../random.ts';
import type { DrawContext } from '../drawer.ts';
import type { Plane } from '../plane.ts';
import { point } from '../svg.ts';
import { middles, pixelSide } from './layers.ts';

const POINTS = 10;
/** Softness of an edge, in pixels. */
const EDGE = 0.6;
/** Keeps the logarithm finite far from a curve. */
const FAR = 1e-20;

/** Values of the Bernstein polynomials of degree two at evenly spaced places: [POINTS, 3]. */
const BERNSTEIN = Array.from({ length: POINTS }, (_, k) => k / (POINTS - 1)).flatMap((t) => [
  (1 - t) ** 2,
  2 * t * (1 - t),
  t * t,
]);

interface Scatter {
  /** How far from the middle of the plane a curve may begin, as a share of its sides. */
  readonly within: number;
  /** Deviations of half its length and of its bend, in units of the plane. */
  readonly length: number;
  readonly bend: number;
}
/** Control points [count, 3, 2] of short curves strewn over the plane. */
export function scatteredCurves(
  count: number,
  { width, height }: Plane,
  random: () => number,
  { within, length, bend }: Scatter,
): Float32Array {
  const normal = (deviation: number): number => deviation * gaussian(random);
  const place = (side: number): number => side * (0.5 + within * (2 * random() - 1));
  return Float32Array.from(
    Array.from({ length: count }, () => {
      const [x, y, dx, dy] = [place(width), place(height), normal(length), normal(length)];
      return [x - dx, y - dy, x + normal(bend), y + normal(bend), x + dx, y + dy];
    }).flat(),
  );
}

/** (half^2 - d^2) / (half edge) for control points [n, 3, 2] and half-widths [n, 1, 1] in units of the plane: [n, h, w], a sigmoid of it is a crisp edge. */
export function bezierDistance(points: Tensor, half: Tensor, context: DrawContext): Tensor {
  const { t, height, width, plane } = context;
  const curve = t.constant(BERNSTEIN, [POINTS, 3]).matmul(points);
  const gaps = curve.slice(1, 1, POINTS).sub(curve.slice(1, 0, POINTS - 1));
  const spacing = gaps.square().sum(-1, true).mean(1, true);
  const variance = half.square().mul(0.49).add(spacing.mul(0.5));
  const falloff = variance.mul(-2).reciprocal();
  const bell = (axis: number, places: readonly number[]): Tensor =>
    curve
      .slice(2, axis, axis + 1)
      .sub(t.constant(places, [1, 1, places.length]))
      .square()
      .mul(falloff)
      .exp();
  const [columns, rows] = [bell(0, middles(width, plane.width)), bell(1, middles(height, plane.height))];
  const density = rows.matmulTransposed(columns, 'left');
  const middle = curve.slice(1, POINTS >> 1, (POINTS >> 1) + 1);
  const peak = curve.sub(middle).square().sum(-1, true).mul(falloff).exp().sum(1, true).log();
  // d^2 = -2 variance (ln density - ln peak), gathered into one factor and one offset a curve
  const steepness = half.mul(EDGE * pixelSide(context)).reciprocal();
  const factor = variance.mul(2).mul(steepness);
  const offset = half.square().mul(steepness).sub(factor.mul(peak));
  return density.add(FAR).log().mul(factor).add(offset);
}

const SUMMITS = POINTS >> 1;
/** Cells along each side of the grid that an outline is traced on. */
const GRID = 72;

/** The outline of the same shape as SVG path data, traced where its depth is zero: control points (x, y) of three, half-width in units of the plane. */
export function bezierOutline(points: Float32Array, half: number): string {
  const at = (k: number, axis: number): number =>
    [0, 1, 2].reduce((sum, c) => sum + (BERNSTEIN[3 * k + c] ?? 0) * (points[2 * c + axis] ?? 0), 0);
  const curve = Array.from({ length: POINTS }, (_, k) => [at(k, 0), at(k, 1)] as const);
  const apart = (a: readonly [number, number] | undefined, x: number, y: number): number =>
    a ? (a[0] - x) ** 2 + (a[1] - y) ** 2 : 0;
  const spacing = curve.slice(1).reduce((sum, [x, y], k) => sum + apart(curve[k], x, y), 0) / (POINTS - 1);
  const variance = 0.49 * half ** 2 + 0.5 * spacing;
  const density = (x: number, y: number): number =>
    curve.reduce((sum, c) => sum + Math.exp(-apart(c, x, y) / (2 * variance)), 0);
  const [mx, my] = curve[SUMMITS] ?? [0, 0];
  const peak = Math.log(density(mx, my));
  const depth = (x: number, y: number): number => half ** 2 + 2 * variance * (Math.log(density(x, y) + FAR) - peak);
  const reach = half + 3 * Math.sqrt(variance);
  const [xs, ys] = [curve.map((c) => c[0]), curve.map((c) => c[1])];
  const [left, top] = [Math.min(...xs) - reach, Math.min(...ys) - reach];
  const [wide, tall] = [Math.max(...xs) + reach - left, Math.max(...ys) + reach - top];
  const values = Array.from({ length: GRID * GRID }, (_, i) =>
    depth(left + (((i % GRID) + 0.5) / GRID) * wide, top + ((Math.floor(i / GRID) + 0.5) / GRID) * tall),
  );
  const [shape] = contours().size([GRID, GRID]).thresholds([0])(values);
  const place = (p: readonly number[]): string =>
    point(left + ((p[0] ?? 0) / GRID) * wide, top + ((p[1] ?? 0) / GRID) * tall);
  return (shape?.coordinates ?? [])
    .flat()
    .map((ring) => `M${ring.slice(1).map(place).join(' ')}Z`)
    .join('');
}
