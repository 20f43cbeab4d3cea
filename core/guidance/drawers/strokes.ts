/**
 * Brush strokes: ordered, translucent, anti-aliased quadratic Bezier curves on paper.
 *
 * The cheap form: a Gaussian around a point is a product of one in x and one in y, so the sum of Gaussians along a curve is one matrix product
 * of its points' columns and rows. The logarithm of that sum is a smooth squared distance to the curve, and a sigmoid of it is a crisp edge.
 * Nothing the size of [strokes, points, height, width] is ever made.
 */
import { z } from 'zod';
import type { Tensor } from '../../graph/index.ts';
import { gaussian } from '../../random.ts';
import { defineDrawer } from '../drawer.ts';

const POINTS = 10;
const PAPER = [0.98, 0.97, 0.94] as const;
const NARROWEST = 0.008;
/** Softness of an edge, in pixels. */
const EDGE = 0.6;
/** Opacity may not reach one, or the strokes beneath would get no gradient. */
const OPAQUE = 0.999;
/** Keeps the logarithm finite far from a stroke. */
const FAR = 1e-20;
const PALETTE_WARMTH = 0.5;

const logit = (p: number): number => Math.log(p / (1 - p));

export const strokesSettings = z.object({
  strokes: z
    .int()
    .min(1)
    .max(512)
    .default(64)
    .meta({ title: 'Strokes', description: 'How many brush strokes there are' }),
  broadest: z
    .number()
    .min(0.01)
    .max(0.5)
    .default(0.11)
    .meta({ title: 'Broadest stroke', description: 'Half the width of the broadest stroke, as a share of the canvas' }),
  colours: z
    .int()
    .min(2)
    .max(32)
    .default(8)
    .meta({ title: 'Colours', description: 'Size of the palette that the strokes are mixed from' }),
});

/** Values of the Bernstein polynomials of degree two at evenly spaced places: [POINTS, 3]. */
const BERNSTEIN = Array.from({ length: POINTS }, (_, k) => k / (POINTS - 1)).flatMap((t) => [
  (1 - t) ** 2,
  2 * t * (1 - t),
  t * t,
]);

export const strokes = defineDrawer({
  id: 'strokes',
  title: 'Brush strokes',
  settings: strokesSettings,
  canvas: 48,
  paper: PAPER,
  begin({ strokes: count, broadest, colours }, random) {
    const first = Math.min(16, count);
    const normal = (deviation: number): number => deviation * gaussian(random);
    const points = Array.from({ length: count }, () => {
      const [x, y, dx, dy] = [
        0.5 + 0.32 * (2 * random() - 1),
        0.5 + 0.32 * (2 * random() - 1),
        normal(0.08),
        normal(0.08),
      ];
      return [x - dx, y - dy, x + normal(0.024), y + normal(0.024), x + dx, y + dy];
    }).flat();
    const halfWidth = (i: number): number =>
      logit(Math.min(0.98, Math.max(0.02, (0.035 * (i < first ? 1.8 : 1) - NARROWEST) / (broadest - NARROWEST))));
    return {
      parameters: [
        { name: 'points', shape: [count, 3, 2], start: Float32Array.from(points), rate: 0.012, low: -0.05, high: 1.05 },
        {
          name: 'width',
          shape: [count, 1],
          start: Float32Array.from({ length: count }, (_, i) => halfWidth(i)),
          rate: 0.05,
          low: -5,
          high: 5,
        },
        { name: 'opacity', shape: [count, 1], start: new Float32Array(count).fill(-1), rate: 0.08, low: -5, high: 5 },
        {
          name: 'mix',
          shape: [count, colours],
          start: Float32Array.from({ length: count * colours }, () => normal(0.3)),
          rate: 0.1,
          low: -4,
          high: 4,
        },
        {
          name: 'palette',
          shape: [colours, 3],
          start: Float32Array.from({ length: colours * 3 }, () => normal(0.6)),
          rate: 0.1,
          low: -4,
          high: 4,
        },
      ],
      draw(values, { t, height, width, progress }) {
        const { points: p, width: w, opacity: o, mix, palette } = values;
        if (!p || !w || !o || !mix || !palette) throw new Error('a parameter of the strokes is missing');
        const half = w
          .sigmoid()
          .mul(broadest - NARROWEST)
          .add(NARROWEST)
          .unsqueeze(-1);
        const curve = t.constant(BERNSTEIN, [POINTS, 3]).matmul(p);
        const gaps = curve.slice(1, 1, POINTS).sub(curve.slice(1, 0, POINTS - 1));
        const spacing = gaps.square().sum(-1, true).mean(1, true);
        const variance = half.square().mul(0.49).add(spacing.mul(0.5));
        const falloff = variance.mul(-2).reciprocal();
        const pixel = (size: number): Tensor =>
          t.constant(
            Array.from({ length: size }, (_, i) => (i + 0.5) / size),
            [1, 1, size],
          );
        const bell = (axis: number, size: number): Tensor =>
          curve
            .slice(2, axis, axis + 1)
            .sub(pixel(size))
            .square()
            .mul(falloff)
            .exp();
        const density = bell(1, height).matmulTransposed(bell(0, width), 'left');
        const middle = curve.slice(1, POINTS >> 1, (POINTS >> 1) + 1);
        const peak = curve.sub(middle).square().sum(-1, true).mul(falloff).exp().sum(1, true).log();
        // sigmoid((w^2 - d^2) / (w edge)), d^2 = -2 variance (ln density - ln peak), gathered into one factor and one offset a stroke
        const steepness = half.mul(EDGE / Math.max(height, width)).reciprocal();
        const factor = variance.mul(2).mul(steepness);
        const offset = half.square().mul(steepness).sub(factor.mul(peak));
        const begun = progress
          .greaterOrEqual(
            t.constant(
              Array.from({ length: count }, (_, i) => (i < first ? 0 : 0.2)),
              [count, 1],
            ),
          )
          .cast('float32');
        const strength = o.sigmoid().mul(begun);
        const cover = density
          .add(FAR)
          .log()
          .mul(factor)
          .add(offset)
          .sigmoid()
          .mul(strength.unsqueeze(-1).mul(OPAQUE))
          .reshape([count, height * width]);
        const clear = t.scalar(1).sub(cover).log();
        // What lies in front of a stroke dims it: a running sum of logarithms, as a product with a triangular matrix.
        const before = t.constant(
          Array.from({ length: count * count }, (_, i) => (i % count < Math.floor(i / count) ? 1 : 0)),
          [count, count],
        );
        const seen = cover.mul(before.matmul(clear).exp());
        const colour = mix.div(PALETTE_WARMTH).softmax().matmul(palette.sigmoid());
        const solid = o.sigmoid();
        const undecided = solid.mul(t.scalar(1).sub(solid)).mean();
        const alpha = seen.sum(0);
        return {
          colour: colour.matmulTransposed(seen, 'left').reshape([1, 3, height, width]),
          alpha: alpha.reshape([1, 1, height, width]),
          penalty: alpha.mean().mul(0.5).add(undecided.mul(progress).mul(2)),
        };
      },
    };
  },
});
