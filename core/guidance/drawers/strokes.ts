/** Brush strokes: ordered, translucent quadratic Bezier curves of their own widths, in colours of a palette, on paper. */
import { z } from 'zod';
import { gaussian } from '../../random.ts';
import { defineDrawer } from '../drawer.ts';
import { placedPoints } from '../plane.ts';
import type { SvgShape } from '../svg.ts';
import { bezierDistance, bezierOutline, scatteredCurves } from './bezier.ts';
import { layered, logit, NONE, named, sigmoid, undecided } from './layers.ts';
import { settled, strengthOf, strengths } from './shape-parameters.ts';
import { foldsSchema, repeatedPoints, repeatedRows, symmetrySchema, turnedPoints, turnsOf } from './symmetry.ts';

const PAPER = [0.98, 0.97, 0.94] as const;
const NARROWEST = 0.008;
/** How firmly a stroke chooses one colour of the palette; smaller is firmer. */
const MIXING = 0.4;
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

const strokesSettings = z.object({
  strokes: z
    .int()
    .min(1)
    .max(512)
    .default(100)
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
  symmetry: symmetrySchema,
  folds: foldsSchema,
});

export const strokes = defineDrawer({
  id: 'strokes',
  title: 'Brush strokes',
  description: 'brush strokes',
  settings: strokesSettings,
  shared: { count: 'strokes', symmetry: 'symmetry', folds: 'folds' },
  scene: { grows: ['colours'], finer: true },
  canvas: 48,
  paper: PAPER,
  begin({ strokes: all, broadest, colours, ...symmetry }, random, plane) {
    const turns = turnsOf(symmetry);
    const count = Math.max(1, Math.ceil(all / turns.length));
    const normal = (deviation: number): number => deviation * gaussian(random);
    const points = scatteredCurves(count, plane, random, { within: 0.32, length: 0.08, bend: 0.024 });
    const halfOf = (width: number): number => NARROWEST + (broadest - NARROWEST) * sigmoid(width);
    const widthOf = (half: number): number =>
      logit(Math.min(0.98, Math.max(0.02, (half - NARROWEST) / (broadest - NARROWEST))));
    const startingWidth = (i: number): number =>
      widthOf(([BROAD, MIDDLE].find(({ until }) => i < until * count) ?? FINE).halfWidth);
    const startingColour = (i: number): number =>
      PALE * logit(PALETTE[Math.floor(i / 3) % PALETTE.length]?.[i % 3] ?? 0.5);
    return {
      layers: count * turns.length,
      rows: { count, places: 'points', presence: 'opacity', mix: { shares: 'mix', palette: 'palette' } },
      parameters: [
        {
          name: 'points',
          shape: [count, 3, 2],
          start: points,
          rate: 0.013,
          low: -0.05,
          high: Math.max(plane.width, plane.height) + 0.05,
        },
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
      draw(values, context) {
        const { t, height, width, progress } = context;
        const half = named(values, 'width')
          .sigmoid()
          .mul(broadest - NARROWEST)
          .add(NARROWEST);
        const { solid, strength } = strengths(values, progress);
        const points = repeatedPoints(named(values, 'points'), turns, context);
        const cover = bezierDistance(points, repeatedRows(half, turns).unsqueeze(-1), context)
          .sigmoid()
          .mul(repeatedRows(strength, turns).unsqueeze(-1))
          .reshape([count * turns.length, height * width]);
        const colour = named(values, 'mix').div(MIXING).softmax().matmul(named(values, 'palette').sigmoid());
        const drawn = layered(t, cover, repeatedRows(colour, turns), context);
        return { ...drawn, penalty: drawn.alpha.mean().mul(SPARE).add(undecided(solid).mul(progress).mul(DECIDED)) };
      },
      placed: ({ points = NONE, width = NONE, opacity = NONE, ...colours }, to) => ({
        ...colours,
        points: placedPoints(points, to),
        width: width.map((w) => widthOf(to.scale * halfOf(w))),
        opacity: settled(opacity),
      }),
      shapes({ points: p = NONE, width: w = NONE, opacity: o = NONE, mix = NONE, palette = NONE }, progress) {
        const one = (i: number, turn: (typeof turns)[number]): SvgShape => {
          const shares = softmax([...mix.subarray(i * colours, (i + 1) * colours)].map((v) => v / MIXING));
          const channel = (c: number): number =>
            shares.reduce((sum, share, k) => sum + share * sigmoid(palette[3 * k + c] ?? 0), 0);
          return {
            path: bezierOutline(turnedPoints(p.subarray(6 * i, 6 * i + 6), turn, plane), halfOf(w[i] ?? 0)),
            colour: [channel(0), channel(1), channel(2)],
            opacity: strengthOf(o[i] ?? 0, progress),
          };
        };
        const shapes = Array.from({ length: count }, (_, i) => turns.map((turn) => one(i, turn)));
        return shapes.flat().reverse();
      },
    };
  },
});

function softmax(values: readonly number[]): number[] {
  const highest = Math.max(...values);
  const powers = values.map((v) => Math.exp(v - highest));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}
