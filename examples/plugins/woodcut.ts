/** Woodcut: lines across the block that swell where the picture is dark, as an engraver cuts them. */

import { defineDrawer, middles, named, pixelSide, sigmoid } from 'lodestone/plugin';
import { z } from 'zod';

/** Shares of `count` values along a side that each pixel is a mixture of: [size, count], row by row. */
const blends = (size: number, count: number): number[] =>
  Array.from({ length: size }, (_, i) => {
    const at = ((i + 0.5) / size) * count - 0.5;
    return Array.from({ length: count }, (_c, k) => Math.max(0, 1 - Math.abs(at - k)));
  }).flatMap((row) => {
    const sum = row.reduce((a, b) => a + b, 0) || 1;
    return row.map((v) => v / sum);
  });

export default defineDrawer({
  id: 'woodcut',
  title: 'Woodcut',
  description: 'engraved lines that swell',
  settings: z.object({
    lines: z.int().min(10).max(64).default(36).meta({ title: 'Lines', description: 'From top to bottom' }),
    wave: z.number().min(0).max(1).default(0.35).meta({ title: 'Wave', description: 'How far lines are bent' }),
  }),
  canvas: 72,
  paper: [0.96, 0.94, 0.87],
  begin({ lines, wave }, random, plane) {
    const columns = Math.round((lines * plane.width) / plane.height);
    const pitch = plane.height / lines;
    const phase = 2 * Math.PI * random();
    const bent = (x: number): number => wave * 1.6 * pitch * Math.sin((2 * Math.PI * x) / plane.width + phase);
    /** The line that a pixel belongs to, and how far it is from its middle. */
    const lineAt = (x: number, y: number): { line: number; away: number } => {
      const place = (y + bent(x)) / pitch - 0.5;
      const line = Math.min(lines - 1, Math.max(0, Math.round(place)));
      return { line, away: Math.abs(place - line) * pitch };
    };
    return {
      parameters: [
        {
          name: 'swell',
          shape: [lines, columns],
          start: Float32Array.from({ length: lines * columns }, () => -1.6 + 0.2 * random()),
          rate: 0.1,
          low: -5,
          high: 5,
        },
      ],
      draw(values, context) {
        const { t, height, width, purpose } = context;
        const [xs, ys] = [middles(width, plane.width), middles(height, plane.height)];
        const at = ys.flatMap((y) => xs.map((x) => lineAt(x, y)));
        const dark = named(values, 'swell').sigmoid();
        // Half the width of every line at every column of pixels, then that of the line that each pixel belongs to.
        const along = dark
          .matmulTransposed(t.constant(blends(width, columns), [width, columns]), 'right')
          .reshape([lines * width]);
        const index = at.map(({ line }, i) => line * width + (i % width));
        const half = along.gather(t.constant(index, [index.length], 'int64'), 0).mul(0.56 * pitch);
        const edge = (purpose === 'picture' ? 0.3 : 0.6) * pixelSide(context);
        const cover = half
          .sub(
            t.constant(
              at.map(({ away }) => away),
              [height * width],
            ),
          )
          .div(edge)
          .sigmoid();
        const alpha = cover.mul(0.999).reshape([1, 1, height, width]);
        return {
          colour: t.constant([0.1, 0.09, 0.08], [1, 3, 1, 1]).mul(alpha),
          alpha,
          penalty: dark.mean().mul(0.25),
        };
      },
      shapes: ({ swell }) =>
        Array.from({ length: lines }, (_, line) => {
          const half = (k: number): number =>
            0.56 * pitch * sigmoid(swell?.[line * columns + Math.min(columns - 1, Math.max(0, k))] ?? 0);
          const points = Array.from({ length: columns + 1 }, (_p, k) => {
            const x = (k / columns) * plane.width;
            return { x, y: (line + 0.5) * pitch - bent(x), h: (half(k - 1) + half(k)) / 2 };
          });
          const upper = points.map(({ x, y, h }) => `${x} ${y - h}`);
          const lower = points.toReversed().map(({ x, y, h }) => `${x} ${y + h}`);
          return { path: `M${[...upper, ...lower].join('L')}Z`, colour: [0.1, 0.09, 0.08] as const, opacity: 1 };
        }),
    };
  },
});
