/** Pixels at several scales: a pyramid of small pictures, each enlarged smoothly and added, so that large forms come before grain. */
import { z } from 'zod';
import { resamplingMatrix } from '../../clip/resample.ts';
import { defineDrawer } from '../drawer.ts';
import { opaque } from './opaque.ts';

const pixelsSettings = z.object({
  finest: z
    .int()
    .min(8)
    .max(128)
    .default(64)
    .meta({ title: 'Finest grid', description: 'Side of the finest of the grids, in cells' }),
});

const PAPER = [0.98, 0.97, 0.94] as const;

export const pixels = defineDrawer({
  id: 'pixels',
  title: 'Pixels',
  settings: pixelsSettings,
  canvas: 64,
  paper: PAPER,
  begin({ finest }) {
    const sides: number[] = [];
    for (let side = 4; side <= finest; side *= 2) sides.push(side);
    return {
      parameters: sides.map((side, i) => ({
        name: `grid${side}`,
        shape: [1, 3, side, side],
        start: new Float32Array(3 * side * side),
        rate: 0.1 * (1.5 - 0.25 * i),
        low: -8,
        high: 8,
      })),
      draw(values, { t, height, width }) {
        const enlarged = sides.map((side) => {
          const grid = values[`grid${side}`];
          if (!grid) throw new Error(`the grid of ${side} cells is missing`);
          const matrix = (size: number): ReturnType<typeof t.constant> =>
            t.constant(resamplingMatrix(side, size, 'bicubic'), [size, side]);
          return matrix(height).matmul(grid).matmulTransposed(matrix(width).unsqueeze(0), 'right');
        });
        return opaque(
          enlarged
            .reduce((a, b) => a.add(b))
            .add(1.5)
            .sigmoid(),
          t,
        );
      },
    };
  },
});
