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
/** How firmly a stroke chooses one colour of the palette; smaller is firmer. */
const MIXING = 0.4;
/** Opacity that a stroke must have at the end to stay; fainter ones fade out as the run goes on. */
const FAINT = 0.35;
const FADING = 40;
/** Weights of covering less and of deciding between solid and gone. */
const SPARE = 0.55;
const DECIDED = 2.5;
/** Colours that the palette starts from, at reduced contrast: ink, white, red, orange, yellow, green, blue, sky, pink, brown (sRGB). */
const PALETTE = [
  [0.1, 0.1, 0.16],
  [0.97, 0.96, 0.93],
  [0.86, 0.18, 0.17],
  [0.95, 0.52, 0.14],
  [0.98, 0.82, 0.22],
  [0.26, 0.6, 0.28],
  [0.16, 0.38, 0.8],
  [0.48, 0.76, 0.92],
  [0.95, 0.58, 0.7],
  [0.48, 0.29, 0.18],
];
const PALE = 0.6;
/** Half-widths of the first, broad strokes, of the next and of the fine ones; the first lie on top. */
const BROAD = { until: 0.2, halfWidth: 0.0594 };
const MIDDLE = { until: 0.6, halfWidth: 0.033 };
const FINE = { until: 1, halfWidth: 0.0198 };

const logit = (p: number): number => Math.log(p / (1 - p));

const strokesSettings = z.object({
  strokes: z
    .int()
    .min(1)
    .max(512)
    .default(80)
    .meta({ title: 'Strokes', description: 'How many brush strokes there are' }),
  broadest: z
    .number()
    .min(0.01)
    .max(0.5)
    .default(0.1)
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
    const startingWidth = (i: number): number => {
      const { halfWidth } = [BROAD, MIDDLE].find(({ until }) => i < until * count) ?? FINE;
      return logit(Math.min(0.98, Math.max(0.02, (halfWidth - NARROWEST) / (broadest - NARROWEST))));
    };
    const startingColour = (i: number): number =>
      PALE * logit(PALETTE[Math.floor(i / 3) % PALETTE.length]?.[i % 3] ?? 0.5);
    return {
      parameters: [
        { name: 'points', shape: [count, 3, 2], start: Float32Array.from(points), rate: 0.013, low: -0.05, high: 1.05 },
        {
          name: 'width',
          shape: [count, 1],
          start: Float32Array.from({ length: count }, (_, i) => startingWidth(i)),
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
          start: Float32Array.from({ length: colours * 3 }, (_, i) => startingColour(i)),
          rate: 0.03,
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
        const solid = o.sigmoid();
        const strength = solid.mul(solid.sub(FAINT).mul(progress.square()).mul(FADING).sigmoid().mul(2).min(1));
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
        const colour = mix.div(MIXING).softmax().matmul(palette.sigmoid());
        const undecided = solid.mul(t.scalar(1).sub(solid)).mean();
        const alpha = seen.sum(0);
        return {
          colour: colour.matmulTransposed(seen, 'left').reshape([1, 3, height, width]),
          alpha: alpha.reshape([1, 1, height, width]),
          penalty: alpha.mean().mul(SPARE).add(undecided.mul(progress).mul(DECIDED)),
        };
      },
    };
  },
});
