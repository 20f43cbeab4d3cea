/** Letters and emoji laid out on paper: each has a place, a size, a turn and a colour. What they show together they show by where they lie. */
import { z } from 'zod';
import type { Tensor } from '../../graph/index.ts';
import { defineDrawer } from '../drawer.ts';
import type { SvgShape } from '../svg.ts';
import { CELLS, glyphOutline, glyphPath, REACH, signsOf } from './glyph-outline.ts';
import { named, pixelPlaces, softness } from './layers.ts';
import { filled, finishOf, shapeParameters } from './shape-parameters.ts';

const MOST_SIGNS = 24;

const glyphsSettings = z.object({
  glyphs: z
    .int()
    .min(1)
    .max(256)
    .default(60)
    .meta({ title: 'Glyphs', description: 'How many letters or signs there are' }),
  text: z
    .string()
    .max(200)
    .refine((text) => signsOf(text).length > 0, 'at least one letter or sign')
    .default('❤⭐🌸🍃')
    .meta({ title: 'Text', description: 'Letters or emoji, taken in turn' }),
});

export const glyphs = defineDrawer({
  id: 'glyphs',
  title: 'Letters and emoji',
  description: 'letters and emoji',
  settings: glyphsSettings,
  shared: { count: 'glyphs', text: 'text' },
  canvas: 48,
  paper: [0.98, 0.97, 0.94],
  begin({ glyphs: count, text }, random, plane) {
    const signs = [...new Set(signsOf(text))].slice(0, MOST_SIGNS);
    const outlines = signs.map(glyphOutline);
    const taken = signsOf(text);
    const kind = (i: number): number => Math.max(0, signs.indexOf(taken[i % taken.length] ?? ''));
    return {
      layers: count,
      rows: { count, places: 'centre', presence: 'opacity', ink: 'ink' },
      parameters: [
        ...shapeParameters(count, random, plane),
        {
          name: 'size',
          shape: [count, 1],
          start: Float32Array.from({ length: count }, () => Math.log(0.12 + 0.16 * random())),
          rate: 0.04,
          low: Math.log(0.03),
          high: Math.log(0.7),
        },
        {
          name: 'turn',
          shape: [count, 1],
          start: Float32Array.from({ length: count }, () => 0.5 * (2 * random() - 1)),
          rate: 0.04,
          low: -20,
          high: 20,
        },
      ],
      draw(values, context) {
        const { t } = context;
        const { x, y } = pixelPlaces(context);
        const [centre, size, turn] = [named(values, 'centre'), named(values, 'size').exp(), named(values, 'turn')];
        const [dx, dy] = [x.sub(centre.slice(1, 0, 1)), y.sub(centre.slice(1, 1, 2))];
        const [cosine, sine] = [turn.cos().div(size), turn.sin().div(size)];
        const u = dx.mul(cosine).add(dy.mul(sine));
        const v = dy.mul(cosine).sub(dx.mul(sine));
        const table = t.constant(
          outlines.flatMap((o) => [...o.depth]),
          [outlines.length * CELLS * CELLS],
        );
        const first = t.constant(
          Array.from({ length: count }, (_, i) => kind(i) * CELLS * CELLS),
          [count, 1],
        );
        const depth = looked(table, first, u, v).mul(size);
        return filled(depth.div(softness(context)), values, context);
      },
      shapes(values, progress) {
        const { centre, size, turn } = values;
        return Array.from({ length: count }, (_, i): SvgShape => {
          const outline = outlines[kind(i)];
          const place = [centre?.[2 * i] ?? 0, centre?.[2 * i + 1] ?? 0] as const;
          const path = outline ? glyphPath(outline, place, Math.exp(size?.[i] ?? 0), turn?.[i] ?? 0) : 'M0 0';
          return { path, ...finishOf(values, i, progress) };
        }).reverse();
      },
    };
  },
});

/** A table of cells read between their middles, at places (u, v) in units of a glyph; the table of each row begins at `first`. Beyond the table it is further outside. */
function looked(table: Tensor, first: Tensor, u: Tensor, v: Tensor): Tensor {
  const cellsOf = (c: Tensor): Tensor =>
    c
      .div(2 * REACH)
      .add(0.5)
      .mul(CELLS)
      .sub(0.5);
  const within = (c: Tensor): Tensor => c.clip(0, CELLS - 1.001);
  const [across, down] = [cellsOf(u), cellsOf(v)];
  const [gx, gy] = [within(across), within(down)];
  const [x0, y0] = [gx.apply('Floor'), gy.apply('Floor')];
  const [fx, fy] = [gx.sub(x0), gy.sub(y0)];
  const cell = y0.mul(CELLS).add(x0).add(first);
  const at = (step: number): Tensor => table.gather(cell.add(step).cast('int64'));
  const between = (a: Tensor, b: Tensor, share: Tensor): Tensor => a.add(b.sub(a).mul(share));
  const beyond = across
    .sub(gx)
    .abs()
    .add(down.sub(gy).abs())
    .mul((2 * REACH) / CELLS);
  return between(between(at(0), at(1), fx), between(at(CELLS), at(CELLS + 1), fx), fy).sub(beyond);
}
