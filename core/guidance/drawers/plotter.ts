/** Lines of one width for a pen plotter: what they show, they show by where they run. One layer of SVG a pen. */
import { z } from 'zod';
import { defineDrawer, UNSEEN } from '../drawer.ts';
import { placedPoints } from '../plane.ts';
import { point, type SvgShape } from '../svg.ts';
import { scatteredCurves } from './bezier.ts';
import { layered, NONE, named, OPAQUE, sigmoid, softness, undecided } from './layers.ts';
import { lineDistance } from './lines.ts';
import { foldsSchema, repeatedPoints, repeatedRows, symmetrySchema, turnedPoints, turnsOf } from './symmetry.ts';

const FAINT = 0.4;
const FADING = 400;
const LEAST = 4;
const SHARPEST = FADING + LEAST;
const SPARE = 0.5;
const DECIDED = 3;
/** Pens that are taken in turn (sRGB). */
const PENS = [
  [0.1, 0.1, 0.14],
  [0.8, 0.16, 0.16],
  [0.1, 0.3, 0.7],
  [0.1, 0.5, 0.25],
] as const;

/** Whether a line of that logit is drawn. */
const isThere = (presence: number): boolean => sigmoid(presence) > FAINT;

const plotterSettings = z.object({
  lines: z.int().min(1).max(512).default(70).meta({ title: 'Lines', description: 'How many lines there are' }),
  pen: z
    .number()
    .min(0.003)
    .max(0.05)
    .default(0.012)
    .meta({ title: 'Pen', description: 'Width of the pen, as a share of the canvas' }),
  pens: z.int().min(1).max(PENS.length).default(1).meta({ title: 'Pens', description: 'How many colours there are' }),
  symmetry: symmetrySchema,
  folds: foldsSchema,
});

export const plotter = defineDrawer({
  id: 'plotter',
  title: 'Line plot',
  description: 'pen lines',
  settings: plotterSettings,
  shared: { count: 'lines', symmetry: 'symmetry', folds: 'folds' },
  scene: {},
  canvas: 56,
  paper: [0.99, 0.985, 0.97],
  begin({ lines, pen, pens, ...symmetry }, random, plane) {
    const turns = turnsOf(symmetry);
    const count = Math.max(1, Math.ceil(lines / turns.length));
    const penOf = (i: number): readonly [number, number, number] => PENS[i % pens] ?? PENS[0];
    return {
      layers: count * turns.length,
      rows: { count, places: 'points', presence: 'presence' },
      parameters: [
        {
          name: 'points',
          shape: [count, 3, 2],
          start: scatteredCurves(count, plane, random, { within: 0.36, length: 0.07, bend: 0.02 }),
          rate: 0.012,
          low: 0.02,
          high: Math.max(plane.width, plane.height) - 0.02,
        },
        {
          name: 'presence',
          shape: [count, 1],
          start: new Float32Array(count).fill(-0.3),
          rate: 0.08,
          low: -5,
          high: 5,
        },
      ],
      draw(values, context) {
        const { t, progress, purpose } = context;
        const present = named(values, 'presence').sigmoid();
        // A pen cannot press half: a line is there or is not in what a person is shown, and on what is guided by the end.
        const sharpness = purpose === 'picture' ? t.scalar(SHARPEST) : progress.square().mul(FADING).add(LEAST);
        const gone = sharpness.mul(-FAINT).sigmoid();
        const decided = present.sub(FAINT).mul(sharpness).sigmoid().sub(gone).div(t.scalar(1).sub(gone));
        const cover = lineDistance(repeatedPoints(named(values, 'points'), turns, context), context)
          .sub(pen / 2)
          .div(-softness(context))
          .sigmoid()
          .mul(repeatedRows(decided, turns).mul(OPAQUE));
        const colours = t.constant(Array.from({ length: count }, (_, i) => penOf(i)).flat(), [count, 3]);
        const drawn = layered(t, cover, repeatedRows(colours, turns), context);
        return { ...drawn, penalty: drawn.alpha.mean().mul(SPARE).add(undecided(present).mul(progress).mul(DECIDED)) };
      },
      placed: ({ points = NONE, presence = NONE }, to) => ({
        points: placedPoints(points, to),
        presence: presence.map((p) => (isThere(p) ? p : UNSEEN)),
      }),
      shapes({ points: p, presence }) {
        const one = (i: number, turn: (typeof turns)[number]): SvgShape => {
          const own = turnedPoints(p?.subarray(6 * i, 6 * i + 6) ?? new Float32Array(6), turn, plane);
          const at = (k: number): string => point(own[2 * k] ?? 0, own[2 * k + 1] ?? 0);
          const opacity = isThere(presence?.[i] ?? 0) ? 1 : 0;
          return { path: `M${at(0)} Q${at(1)} ${at(2)}`, colour: penOf(i), opacity, width: pen };
        };
        const all = Array.from({ length: count }, (_, i) => turns.map((turn) => one(i, turn)));
        return Array.from({ length: pens }, (_, layer) => all.filter((_s, i) => i % pens === layer).flat()).flat();
      },
    };
  },
});
