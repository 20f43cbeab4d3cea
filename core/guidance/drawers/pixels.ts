/** Pixels at several scales: a pyramid of small pictures, each enlarged smoothly and added, so that large forms come before grain. */
import { z } from 'zod';
import { defineDrawer } from '../drawer.ts';
import { opaque } from './opaque.ts';
import { pyramid, pyramidParameters } from './pyramid.ts';

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
  description: 'pixels',
  settings: pixelsSettings,
  canvas: 64,
  paper: PAPER,
  begin({ finest }) {
    const sides: number[] = [];
    for (let side = 4; side <= finest; side *= 2) sides.push(side);
    return {
      parameters: pyramidParameters(sides),
      draw: (values, context) => opaque(pyramid(values, sides, context).add(1.5).sigmoid(), context.t),
    };
  },
});
