/**
 * A neural field: a small network from a place to a colour (Stanley, 2007, compositional pattern-producing networks), so that the picture has any size.
 * Folding the places before the network sees them makes the picture symmetric, whatever the network is.
 */
import { z } from 'zod';
import type { Tensor } from '../../graph/index.ts';
import { gaussian } from '../../random.ts';
import { defineDrawer } from '../drawer.ts';
import type { Plane } from '../plane.ts';
import { middles, named } from './layers.ts';
import { opaque } from './opaque.ts';
import { foldsSchema, symmetrySchema } from './symmetry.ts';

const fieldSettings = z.object({
  width: z
    .int()
    .min(4)
    .max(64)
    .default(24)
    .meta({ title: 'Width', description: 'Neurons in each of the three layers' }),
  detail: z
    .number()
    .min(0.5)
    .max(8)
    .default(2.5)
    .meta({ title: 'Detail', description: 'Turns of the finest wave that it is given' }),
  symmetry: symmetrySchema,
  folds: foldsSchema,
});
type Settings = z.output<typeof fieldSettings>;

const LAYERS = 3;
const WAVES = [0.25, 0.5, 1];

/** The place that stands for (x, y), both from the middle of the plane. */
function folded(x: number, y: number, { symmetry, folds }: Settings): readonly [number, number] {
  if (symmetry === 'none') return [x, y];
  if (symmetry === 'mirror') return [Math.abs(x), y];
  if (symmetry === 'both') return [Math.abs(x), Math.abs(y)];
  const sector = (2 * Math.PI) / folds;
  const [radius, angle] = [Math.hypot(x, y), Math.atan2(y, x) + 2 * Math.PI];
  const within = angle % sector;
  const turned = symmetry === 'kaleidoscope' ? Math.abs(within - sector / 2) : within;
  if (symmetry === 'kaleidoscope') return [radius * Math.cos(turned), radius * Math.sin(turned)];
  // Waves of the angle join where one sector meets the next.
  return [radius * Math.cos(folds * turned), radius * Math.sin(folds * turned)];
}

/** What the network is told of a place: the place, how far it is from the middle, and waves of both. */
function features(x: number, y: number, s: Settings): number[] {
  const [u, v] = folded(x, y, s);
  const waves = WAVES.flatMap((share) => {
    const turns = 2 * Math.PI * s.detail * share;
    return [Math.sin(turns * u), Math.cos(turns * u), Math.sin(turns * v), Math.cos(turns * v)];
  });
  return [2 * u, 2 * v, 2 * Math.hypot(x, y), 1, ...waves];
}
const FEATURES = 4 + 4 * WAVES.length;

const places = (height: number, width: number, plane: Plane, s: Settings): number[] =>
  middles(height, plane.height).flatMap((y) =>
    middles(width, plane.width).flatMap((x) => features(x - plane.width / 2, y - plane.height / 2, s)),
  );

export const field = defineDrawer({
  id: 'field',
  title: 'Neural field',
  description: 'a neural field',
  settings: fieldSettings,
  shared: { symmetry: 'symmetry', folds: 'folds' },
  canvas: 56,
  paper: [0.98, 0.97, 0.94],
  begin(settings, random) {
    const sizes = [FEATURES, ...Array<number>(LAYERS).fill(settings.width), 3];
    return {
      parameters: sizes.slice(1).flatMap((out, i) => {
        const from = sizes[i] ?? 1;
        const scale = (i === 0 ? 1.1 : 1.3) / Math.sqrt(from);
        return [
          {
            name: `weights${i}`,
            shape: [from, out],
            start: Float32Array.from({ length: from * out }, () => scale * gaussian(random)),
            rate: 0.02,
            low: -20,
            high: 20,
          },
          { name: `offset${i}`, shape: [1, out], start: new Float32Array(out), rate: 0.02, low: -20, high: 20 },
        ];
      }),
      draw(values, { t, height, width, plane }) {
        let x: Tensor = t.constant(places(height, width, plane, settings), [height * width, FEATURES]);
        for (let i = 0; i <= LAYERS; i++) {
          x = x.matmul(named(values, `weights${i}`)).add(named(values, `offset${i}`));
          if (i < LAYERS) x = x.tanh();
        }
        const colour = x.mul(1.5).sigmoid().transpose([1, 0]).reshape([1, 3, height, width]);
        return opaque(colour, t);
      },
    };
  },
});
