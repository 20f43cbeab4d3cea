/** Fourier: the picture as waves with decorrelated colours, so that one step moves the whole picture and not its grain (Olah et al., 2017, Feature Visualization). */
import { z } from 'zod';
import type { Tensor } from '../../graph/index.ts';
import { gaussian } from '../../random.ts';
import { defineDrawer } from '../drawer.ts';
import { opaque } from './opaque.ts';

const fourierSettings = z.object({
  waves: z
    .int()
    .min(4)
    .max(64)
    .default(24)
    .meta({ title: 'Waves', description: 'How many waves there are along each axis; more show finer detail' }),
  falloff: z
    .number()
    .min(0)
    .max(2)
    .default(1)
    .meta({ title: 'Fall-off', description: 'How much weaker finer waves start' }),
});

/** Columns span the colours of natural pictures: bright-dark, red-blue, green-magenta (correlation of ImageNet's colours, Olah et al., 2017). */
const COLOURS = [0.26, 0.09, 0.02, 0.27, 0, -0.05, 0.27, -0.09, 0.03];
const COLOUR_SCALE = 1 / Math.hypot(0.26, 0.27, 0.27);
const AMPLITUDE = 40 / 48;

/** How many periods of the waves make the canvas that the model looks at, and the picture. */
const drawerOf = (
  id: string,
  title: string,
  description: string,
  canvas: number,
  periods: { readonly canvas: number; readonly picture: number },
) =>
  defineDrawer({
    id,
    title,
    description,
    settings: fourierSettings,
    canvas,
    paper: [0.98, 0.97, 0.94],
    begin({ waves, falloff }, random) {
      const basis = 2 * waves;
      const start = Float32Array.from({ length: 3 * basis * basis }, () => 0.01 * gaussian(random));
      // Cosines and sines of 0..waves-1 turns along an axis; their products span the plane's waves.
      const wave = (size: number, turns: number): number[] =>
        Array.from({ length: size }, (_, i) =>
          Array.from({ length: basis }, (_b, k) =>
            (k < waves ? Math.cos : Math.sin)((2 * Math.PI * (k % waves) * turns * (i + 0.5)) / size),
          ),
        ).flat();
      const weight = Array.from(
        { length: basis * basis },
        (_, i) => 1 / Math.max(1, Math.hypot(Math.floor(i / basis) % waves, i % waves)) ** falloff,
      );
      return {
        parameters: [{ name: 'spectrum', shape: [1, 3, basis, basis], start, rate: 0.05, low: -100, high: 100 }],
        draw({ spectrum }, { t, height, width, purpose }) {
          if (!spectrum) throw new Error('the spectrum is missing');
          const scaled = spectrum.mul(t.constant(weight, [basis, basis])).mul(AMPLITUDE);
          const matrix = (size: number): Tensor => t.constant(wave(size, periods[purpose]), [size, basis]);
          const plane = matrix(height).matmul(scaled).matmulTransposed(matrix(width).unsqueeze(0), 'right');
          const flat = plane.reshape([3, height * width]);
          const mixed = t.constant(COLOURS, [3, 3]).mul(COLOUR_SCALE).matmul(flat).reshape([1, 3, height, width]);
          return opaque(mixed.add(1).sigmoid(), t);
        },
      };
    },
  });

export const fourier = drawerOf('fourier', 'Fourier', 'waves', 64, { canvas: 1, picture: 1 });
/** Waves have no seam: the model looks at more than one period, so that what crosses the edge makes sense too. */
export const tiles = drawerOf('tiles', 'Tiles', 'seamless tiles', 88, { canvas: 1.5, picture: 1 });
