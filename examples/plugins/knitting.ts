/** A chart to knit from: stitches that are wider than they are tall, in a few yarns. */

import { channelsOf, defineDrawer, middles, named, smoothness } from 'lodestone/plugin';
import { z } from 'zod';

/** A stitch is so many times as wide as it is tall. */
const STITCH = 1.3;
const YARNS = ['#f4efe2', '#23395b', '#b23a48', '#e8b44c', '#3f7d58', '#8d6a9f', '#6b4b35', '#8fb8de'];
/** Finer than any step of a share, and coarse enough to be exact. */
const GRAIN = 2 ** 20;

export default defineDrawer({
  id: 'knitting',
  title: 'Knitting chart',
  description: 'stitches of a few yarns',
  settings: z.object({
    stitches: z.int().min(12).max(60).default(34).meta({ title: 'Stitches', description: 'In a row' }),
    yarns: z
      .int()
      .min(2)
      .max(YARNS.length)
      .default(5)
      .meta({ title: 'Yarns', description: 'How many colours there are' }),
  }),
  canvas: 64,
  paper: [0.96, 0.94, 0.88],
  begin({ stitches, yarns }, random, plane) {
    const rows = Math.round((stitches * STITCH * plane.height) / plane.width);
    const colours = YARNS.slice(0, yarns).map(channelsOf);
    const cellOf = (height: number, width: number): number[] =>
      middles(height, 1).flatMap((y) =>
        middles(width, 1).map((x) => Math.floor(y * rows) * stitches + Math.floor(x * stitches)),
      );
    return {
      parameters: [
        {
          name: 'yarn',
          shape: [rows * stitches, yarns],
          // All of the first yarn, nearly: the rest is knitted in.
          start: Float32Array.from(
            { length: rows * stitches * yarns },
            (_, i) => (i % yarns === 0 ? 0.6 : 0) + 0.2 * random(),
          ),
          rate: 0.12,
          low: -6,
          high: 6,
        },
      ],
      draw(values, { t, height, width }) {
        const soft = named(values, 'yarn').mul(2).softmax();
        const hard = soft.equal(soft.maximum([1], true)).cast('float32');
        // What is seen is the one yarn; its slope is that of the shares.
        const chosen = hard.add(soft.sub(soft.mul(GRAIN).apply('Round').div(GRAIN)));
        const chart = chosen.matmul(t.constant(colours.flat(), [yarns, 3]));
        const colour = chart
          .gather(t.constant(cellOf(height, width), [height * width], 'int64'), 0)
          .transpose([1, 0])
          .reshape([1, 3, height, width]);
        const calm = smoothness(chart.transpose([1, 0]).reshape([1, 3, rows, stitches]));
        return { colour, alpha: t.scalar(1).expand([1, 1, height, width]), penalty: calm.mul(0.35) };
      },
      shapes({ yarn }) {
        const [wide, tall] = [plane.width / stitches, plane.height / rows];
        return Array.from({ length: rows * stitches }, (_, cell) => {
          const own = [...(yarn?.subarray(cell * yarns, (cell + 1) * yarns) ?? [])];
          const [red = 0, green = 0, blue = 0] = colours[own.indexOf(Math.max(...own))] ?? [];
          const [x, y] = [(cell % stitches) * wide, Math.floor(cell / stitches) * tall];
          return {
            path: `M${x} ${y}h${wide}v${tall}h${-wide}Z`,
            colour: [red, green, blue] as const,
            opacity: 1,
            crisp: true,
          };
        });
      },
    };
  },
});
