/** Changes only the painted part of a picture: where the mask is black, every pixel stays as it was. */
import { z } from 'zod';
import { type Raster, resize } from '../../clip/resample.ts';
import { defineDrawer } from '../drawer.ts';
import { logit } from './layers.ts';
import { smoothness } from './opaque.ts';
import { pyramid, pyramidParameters } from './pyramid.ts';

const rasterSchema = z.custom<Raster>(
  (v) => typeof v === 'object' && v !== null && 'data' in v && v.data instanceof Uint8Array,
  'a picture',
);
const inpaintSettings = z.object({
  picture: rasterSchema,
  /** Bright where the picture may change; laid over it corner to corner. */
  mask: rasterSchema,
});

const SIDES = [4, 8, 16, 32, 64];
const CALM = 0.3;
const inside = (v: number): number => Math.min(0.97, Math.max(0.03, v));

/** A picture at a size, [3, height, width] in 0..1. */
function shown(picture: Raster, height: number, width: number): number[] {
  const { data } = resize(picture, width, height, 'bicubic');
  const area = height * width;
  return Array.from({ length: 3 * area }, (_, i) => (data[(i % area) * 3 + Math.floor(i / area)] ?? 0) / 255);
}

export const inpaint = defineDrawer({
  id: 'inpaint',
  title: 'Painted region',
  settings: inpaintSettings,
  canvas: 64,
  paper: [1, 1, 1],
  begin({ picture, mask }) {
    return {
      parameters: pyramidParameters(SIDES),
      draw(values, context) {
        const { t, height, width } = context;
        const [before, where] = [shown(picture, height, width), shown(mask, height, width)];
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
