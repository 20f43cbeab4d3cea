/** Pixel art: a grid of cells, each in one colour of a palette, chosen or learned. The choice is hard; its gradient is that of a soft one. */
import { z } from 'zod';
import type { Tensor } from '../../graph/index.ts';
import { gaussian } from '../../random.ts';
import { defineDrawer } from '../drawer.ts';
import { channelsOf } from '../svg.ts';
import { logit, named, sigmoid } from './layers.ts';
import { smoothness } from './opaque.ts';

const SOFTNESS = 0.5;
/** Weight of neighbours being alike. */
const CALM = 0.35;
/** Finer than any step that the value of a softmax could take, and coarse enough to be exact in float32. */
const GRAIN = 2 ** 20;

/** Palettes to choose from (sRGB, hexadecimal). Game Boy: the four shades of its screen, as emulators show them; the others are our own. */
const PALETTES = {
  learned: [
    '#1f1f2e',
    '#f5f1e6',
    '#d13b3b',
    '#f08a2c',
    '#f7cf45',
    '#4f9a4f',
    '#2f62c4',
    '#86c5ea',
    '#e58fb0',
    '#7c4d2e',
  ],
  'game-boy': ['#0f380f', '#306230', '#8bac0f', '#9bbc0f'],
  ink: ['#16161d', '#6b6b75', '#c9c5bb', '#f6f2e7'],
  sunset: ['#1d1b38', '#5b2a68', '#b43a6c', '#ee6c4d', '#f9b65c', '#fdf0c4'],
  garden: ['#12301f', '#2c6e3f', '#7cb153', '#d9e09a', '#f4f1d8', '#d2476a', '#f2a0a9', '#3d6fb4'],
} as const;
const names = ['learned', 'game-boy', 'ink', 'sunset', 'garden'] as const;

const blocksSettings = z.object({
  cells: z.int().min(4).max(64).default(24).meta({ title: 'Cells', description: 'Cells along a side of the picture' }),
  palette: z
    .enum(names)
    .default('learned')
    .meta({ title: 'Palette', description: 'Colours that a cell may have; "learned" lets them change' }),
});

const inside = (c: number): number => Math.min(0.98, Math.max(0.02, c));

export const blocks = defineDrawer({
  id: 'blocks',
  title: 'Pixel art',
  description: 'pixel art',
  settings: blocksSettings,
  shared: { palette: 'palette' },
  canvas: 48,
  paper: [0.96, 0.95, 0.9],
  begin({ cells, palette }, random, plane) {
    const [rows, columns] = [plane.height, plane.width].map((length) => Math.max(2, Math.round(cells * length))) as [
      number,
      number,
    ];
    const colours = PALETTES[palette].map(channelsOf);
    const learned = palette === 'learned';
    /** [size, count]: each pixel reads the one cell that it lies in. */
    const nearest = (size: number, count: number): number[] =>
      Array.from({ length: size }, (_, i) =>
        Array.from({ length: count }, (_c, k) => (Math.floor(((i + 0.5) * count) / size) === k ? 1 : 0)),
      ).flat();
    return {
      parameters: [
        {
          name: 'choice',
          shape: [rows * columns, colours.length],
          start: Float32Array.from({ length: rows * columns * colours.length }, () => 0.1 * gaussian(random)),
          rate: 0.12,
          low: -6,
          high: 6,
        },
        ...(learned
          ? [
              {
                name: 'palette',
                shape: [colours.length, 3],
                start: Float32Array.from(colours.flat(), (c) => logit(inside(c))),
                rate: 0.03,
                low: -4,
                high: 4,
              },
            ]
          : []),
      ],
      draw(values, { t, height, width }) {
        const soft = named(values, 'choice').div(SOFTNESS).softmax();
        const hard = soft.equal(soft.maximum([1], true)).cast('float32');
        // Straight through (Bengio et al., 2013): the value is the hard choice; rounding has no gradient, so the gradient is the soft one's.
        const chosen = hard.add(soft.sub(soft.mul(GRAIN).apply('Round').div(GRAIN)));
        const table: Tensor = learned
          ? named(values, 'palette').sigmoid()
          : t.constant(colours.flat(), [colours.length, 3]);
        const grid = chosen.matmul(table).transpose([1, 0]).reshape([1, 3, rows, columns]);
        const spread = t.constant(nearest(height, rows), [height, rows]);
        const colour = spread
          .matmul(grid)
          .matmulTransposed(t.constant(nearest(width, columns), [1, width, columns]), 'right');
        return { colour, alpha: t.scalar(1).expand([1, 1, height, width]), penalty: smoothness(grid).mul(CALM) };
      },
      shapes({ choice, palette: own }) {
        const [tall, wide] = [plane.height / rows, plane.width / columns];
        return Array.from({ length: rows * columns }, (_, cell) => {
          const logits = [...(choice?.subarray(cell * colours.length, (cell + 1) * colours.length) ?? [])];
          const best = logits.indexOf(Math.max(...logits));
          const channel = (c: number): number =>
            learned ? sigmoid(own?.[3 * best + c] ?? 0) : (colours[best]?.[c] ?? 0);
          const [x, y] = [(cell % columns) * wide, Math.floor(cell / columns) * tall];
          return {
            path: `M${x} ${y}h${wide}v${tall}h${-wide}Z`,
            colour: [channel(0), channel(1), channel(2)] as const,
            opacity: 1,
            crisp: true,
          };
        }).sort((a, b) => (a.colour.join() < b.colour.join() ? -1 : 1));
      },
    };
  },
});
