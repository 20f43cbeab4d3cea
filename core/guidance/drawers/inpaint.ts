/** Changes only the painted part of a picture: where the mask is black, every pixel stays as it was. */
import { z } from 'zod';
import { defineDrawer } from '../drawer.ts';
import { planesOf, rasterSchema } from '../raster.ts';
import { logit } from './layers.ts';
import { smoothness } from './opaque.ts';
import { pyramid, pyramidParameters } from './pyramid.ts';

const inpaintSettings = z.object({
  picture: rasterSchema,
  /** Bright where the picture may change; laid over it corner to corner. */
  mask: rasterSchema,
});

const SIDES = [4, 8, 16, 32, 64];
const CALM = 0.3;
const inside = (v: number): number => Math.min(0.97, Math.max(0.03, v));

export const inpaint = defineDrawer({
  id: 'inpaint',
  title: 'Painted region',
  description: 'the painted part of a picture',
  settings: inpaintSettings,
  shared: { start: 'picture', mask: 'mask' },
  canvas: 64,
  paper: [1, 1, 1],
  begin({ picture, mask }) {
    return {
      parameters: pyramidParameters(SIDES),
      draw(values, context) {
        const { t, height, width } = context;
        const [before, where] = [planesOf(picture, context), planesOf(mask, context)];
        const base = t.constant(before, [1, 3, height, width]);
        const open = t.constant(where, [1, 3, height, width]).mean([1], true);
        const start = t.constant(
          before.map((v) => logit(inside(v))),
          [1, 3, height, width],
        );
        // It begins as the picture is, so that nothing changes that need not.
        const changed = pyramid(values, SIDES, context).add(start).sigmoid();
        const colour = base.add(changed.sub(base).mul(open));
        return { colour, alpha: t.scalar(1).expand([1, 1, height, width]), penalty: smoothness(changed).mul(CALM) };
      },
    };
  },
});
