import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { assembled, type Part } from '../../../core/guidance/assembly.ts';
import * as drawers from '../../../core/guidance/drawers/index.ts';
import { type Drawer, drawingSvg, type Region, readyDrawer, type Values } from '../../../core/index.ts';

const SIDE = 128;
const sizes = { preview: 64, output: SIDE };
const quarter = (left: number, top: number): Region => ({ left, top, right: left + 0.5, bottom: top + 0.5 });

const { strokes, blobs, polygons, plotter } = drawers;
/** A drawer, its settings for a few shapes, for so many parts of them, and what says how solid each is. */
const kinds = [
  [strokes, { strokes: 12 }, { strokes: 24, colours: 16 }, 'opacity'],
  [blobs, { shapes: 6 }, { shapes: 12 }, 'opacity'],
  [polygons, { polygons: 6 }, { polygons: 12 }, 'opacity'],
  // A pen is as wide on a large sheet as on a small one.
  [plotter, { lines: 12, pen: 0.012 }, { lines: 24, pen: 0.006 }, 'presence'],
] as unknown as readonly (readonly [Drawer, object, object, string])[];

/** A drawing as it begins, all of it solid but its last shape, which has faded. */
function finished(drawer: Drawer, settings: object, presence: string, seed: number): Values {
  const { parameters } = readyDrawer(drawer, settings as z.input<Drawer['settings']>, seed, sizes);
  const values = Object.fromEntries(parameters.map((p) => [p.name, p.start.slice()]));
  const solid = values[presence]?.fill(4);
  if (solid) solid[solid.length - 1] = -3;
  return values;
}
async function raster(svg: string | undefined, side: number): Promise<Buffer> {
  return sharp(Buffer.from(svg ?? ''))
    .resize(side, side)
    .removeAlpha()
    .raw()
    .toBuffer();
}
/** What lies in a quarter of a picture of twice the side. */
const cut = (whole: Buffer, left: number, top: number): Buffer =>
  Buffer.concat(
    Array.from({ length: SIDE }, (_, y) => {
      const from = 3 * ((y + 2 * top * SIDE) * 2 * SIDE + 2 * left * SIDE);
      return whole.subarray(from, from + 3 * SIDE);
    }),
  );
const apart = (a: Buffer, b: Buffer): number => a.reduce((sum, v, i) => sum + Math.abs(v - (b[i] ?? 0)), 0) / a.length;

describe.each(kinds.map((k) => [k[0].id, ...k] as const))(
  'drawings of %s put together',
  (_id, drawer, few, all, solid) => {
    const own = [1, 2].map((seed) => finished(drawer, few, solid, seed));
    const part = (k: number, place: Region): Part<Drawer['settings']> => ({
      settings: few,
      sizes,
      values: own[k] ?? {},
      place,
    });
    const svgOf = (settings: object, values: Values, output = SIDE) =>
      drawingSvg(drawer, settings as z.input<Drawer['settings']>, 1, { preview: 64, output }, values, 1);

    it('are each in its place what they were, with their own colours, and nothing is elsewhere', async () => {
      const values = assembled(drawer, [part(0, quarter(0.5, 0)), part(1, quarter(0, 0.5))], sizes);
      const whole = await raster(svgOf(all, values, 2 * SIDE), 2 * SIDE);
      for (const [k, left, top] of [
        [0, 0.5, 0],
        [1, 0, 0.5],
      ] as const) {
        const alone = await raster(svgOf(few, own[k] ?? {}), SIDE);
        const [right, wrong] = [cut(whole, left, top), cut(whole, 0.5 - left, 0.5 - top)];
        expect(apart(right, alone)).toBeLessThan(2.5);
        expect(apart(wrong, alone)).toBeGreaterThan(3 * apart(right, alone));
        const paper = alone.subarray(0, 3);
        expect(cut(whole, 0, 0).subarray(0, 3)).toEqual(paper);
      }
    });
    it('hold as many shapes as there are, the smaller place in front, and what had faded is gone', () => {
      const ready = readyDrawer(drawer, all as z.input<Drawer['settings']>, 1, sizes);
      const large = { left: 0, top: 0, right: 1, bottom: 1 };
      const values = assembled(drawer, [part(0, large), part(1, quarter(0.2, 0.2))], sizes);
      for (const p of ready.parameters) expect(values[p.name], p.name).toHaveLength(p.start.length);
      const presence = [...(values[solid] ?? [])];
      const half = presence.length / 2;
      expect(presence.indexOf(-3.5)).toBe(half - 1);
      expect(presence.filter((p) => p === -3.5)).toHaveLength(2);
      const place = ready.shapes?.places ?? '';
      const firsts = [values[place]?.[0], own[1]?.[place]?.[0]] as const;
      expect(firsts[0]).toBeCloseTo(0.2 + 0.5 * (firsts[1] ?? 0), 5);
    });
  },
);

it('a drawing keeps its shape in a place of another: as large as fits, in its middle', () => {
  const drawer = blobs as unknown as Drawer;
  const values = finished(drawer, { shapes: 1 }, 'opacity', 1);
  const place = { left: 0, top: 0.5, right: 1, bottom: 1 };
  const [part] = [{ settings: { shapes: 1 }, sizes, values, place }];
  const [x = 0, y = 0] = assembled(drawer, [part], sizes)['centre'] ?? [];
  const [ownX = 0, ownY = 0] = values['centre'] ?? [];
  expect([x, y]).toEqual([expect.closeTo(0.25 + 0.5 * ownX, 5), expect.closeTo(0.5 + 0.5 * ownY, 5)]);
});
