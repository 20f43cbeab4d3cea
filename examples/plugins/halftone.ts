/** Halftone for print: one ink, a screen at an angle, and dots that are larger where the picture is darker. */

import { channelsOf, defineDrawer, middles, named, type Plane, pixelSide, sigmoid } from 'lodestone/plugin';
import { z } from 'zod';

interface Cell {
  readonly x: number;
  readonly y: number;
}
/** Centres of a screen that covers the plane, turned by an angle. */
function screenOf({ width, height }: Plane, lines: number, degrees: number): { cells: Cell[]; pitch: number } {
  const pitch = Math.sqrt(width * height) / lines;
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const reach = Math.ceil(Math.hypot(width, height) / pitch);
  const cells: Cell[] = [];
  for (let row = -reach; row <= reach; row++)
    for (let column = -reach; column <= reach; column++) {
      const [u, v] = [column * pitch, row * pitch];
      const [x, y] = [width / 2 + u * cos - v * sin, height / 2 + u * sin + v * cos];
      if (x > -pitch && x < width + pitch && y > -pitch && y < height + pitch) cells.push({ x, y });
    }
  return { cells, pitch };
}

export default defineDrawer({
  id: 'halftone',
  title: 'Halftone',
  description: 'a halftone screen of one ink',
  settings: z.object({
    lines: z.int().min(12).max(48).default(28).meta({ title: 'Lines', description: 'Dots along a side' }),
    angle: z.number().min(0).max(90).default(45).meta({ title: 'Angle', description: 'Of the screen, in degrees' }),
    ink: z
      .string()
      .regex(/^#[0-9a-f]{6}$/i, 'a colour like #1a2b3c')
      .default('#1b1b2f')
      .meta({ title: 'Ink', description: 'Its colour, like #1a2b3c' }),
  }),
  canvas: 64,
  paper: [0.97, 0.95, 0.9],
  begin({ lines, angle, ink }, random, plane) {
    const { cells, pitch } = screenOf(plane, lines, angle);
    const most = 0.72 * pitch;
    const [red = 0, green = 0, blue = 0] = channelsOf(ink);
    /** The nearest centre of each pixel, and how far it is. */
    const nearest = (height: number, width: number): { index: number[]; away: number[] } => {
      const [index, away]: [number[], number[]] = [[], []];
      for (const y of middles(height, plane.height))
        for (const x of middles(width, plane.width)) {
          let [best, least] = [0, Number.POSITIVE_INFINITY];
          for (const [i, cell] of cells.entries()) {
            const apart = (cell.x - x) ** 2 + (cell.y - y) ** 2;
            if (apart < least) [best, least] = [i, apart];
          }
          index.push(best);
          away.push(Math.sqrt(least));
        }
      return { index, away };
    };
    return {
      parameters: [
        {
          name: 'darkness',
          shape: [cells.length],
          start: Float32Array.from(cells, () => -2.2 + 0.3 * random()),
          rate: 0.12,
          low: -6,
          high: 6,
        },
      ],
      draw(values, context) {
        const { t, height, width, purpose } = context;
        const { index, away } = nearest(height, width);
        // The area of a dot is what the eye sees: its radius is the root of how dark it is.
        const dark = named(values, 'darkness').sigmoid();
        const radius = dark
          .add(1e-4)
          .sqrt()
          .mul(most)
          .gather(t.constant(index, [index.length], 'int64'), 0);
        const edge = (purpose === 'picture' ? 0.3 : 0.6) * pixelSide(context);
        const cover = radius
          .sub(t.constant(away, [height * width]))
          .div(edge)
          .sigmoid();
        const alpha = cover.mul(0.999).reshape([1, 1, height, width]);
        const colour = t.constant([red, green, blue], [1, 3, 1, 1]).mul(alpha);
        return { colour, alpha, penalty: dark.mean().mul(0.3) };
      },
      shapes: ({ darkness }) =>
        cells.map(({ x, y }, i) => {
          const r = most * Math.sqrt(sigmoid(darkness?.[i] ?? 0) + 1e-4);
          const path = `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
          return { path, colour: [red, green, blue] as const, opacity: r < 0.12 * pitch ? 0 : 1 };
        }),
    };
  },
});
