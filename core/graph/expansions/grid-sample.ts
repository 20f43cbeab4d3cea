/** GridSample as rows gathered from the picture and weighed: differentiable in the picture and in the grid (Jaderberg and others, 2015). */
import type { Tensor } from '../tensor.ts';
import { intOf, textOf } from '../types.ts';
import type { Expansion } from './expansion.ts';
import { required } from './expansion.ts';

/** From -1..1 to pixels. */
const toPixels = (c: Tensor, size: number, corners: boolean): Tensor =>
  corners
    ? c.add(1).mul((size - 1) / 2)
    : c
        .add(1)
        .mul(size / 2)
        .sub(0.5);

/** Folds a coordinate back between the borders, as often as it takes. */
function reflected(c: Tensor, size: number, corners: boolean): Tensor {
  const [low, span] = corners ? [0, size - 1] : [-0.5, size];
  if (span === 0) return c.mul(0);
  const away = c.sub(low).abs();
  const turns = away.div(span).apply('Floor');
  const rest = away.sub(turns.mul(span));
  const odd = turns.sub(turns.div(2).apply('Floor').mul(2)).greater(0.5);
  return odd.where(rest.like(span).sub(rest), rest).add(low);
}

export const gridSample: Expansion = (n) => {
  const { x, attributes } = n;
  const grid = required(n, 1);
  if (x.rank !== 4) n.refuse('Only pictures can be sampled, not volumes.');
  const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
  const [, rows = 1, columns = 1] = grid.shape;
  const corners = intOf(attributes, 'align_corners', 0) === 1;
  const padding = textOf(attributes, 'padding_mode', 'zeros');
  const mode = textOf(attributes, 'mode', 'linear').replace(/^bi/, '');
  const points = rows * columns;
  const flat = x
    .reshape([batch, channels, height * width])
    .transpose([0, 2, 1])
    .reshape([batch * height * width, channels]);
  const pictures = x.whole(
    Array.from({ length: batch }, (_, i) => i * height * width),
    [batch, 1],
  );

  const along = (which: 0 | 1, size: number): Tensor => {
    const c = toPixels(grid.slice(3, which, which + 1).reshape([batch, points]), size, corners);
    if (mode === 'cubic') return c;
    if (padding === 'reflection') return reflected(c, size, corners).clip(0, size - 1);
    return padding === 'border' ? c.clip(0, size - 1) : c;
  };
  const inside = (c: Tensor, size: number): Tensor => c.greaterOrEqual(0).and(c.less(size));
  /** The pixels at whole coordinates, [batch, points, channels]; nothing beyond the border where padding is zeros. */
  const pixels = (ix: Tensor, iy: Tensor): Tensor => {
    const place = (c: Tensor, size: number): Tensor =>
      (padding === 'reflection' ? reflected(c, size, corners) : c).clip(0, size - 1);
    // In whole numbers: half precision knows no odd ones beyond 2,048.
    const whole = (c: Tensor, size: number): Tensor => place(c, size).cast('int64');
    const index = whole(iy, height).mul(width).add(whole(ix, width)).add(pictures);
    const values = flat.gather(index.reshape([batch * points])).reshape([batch, points, channels]);
    if (padding !== 'zeros') return values;
    return values.mul(inside(ix, width).and(inside(iy, height)).cast(x.dtype).reshape([batch, points, 1]));
  };
  const weighed = (value: Tensor, weight: Tensor): Tensor => value.mul(weight.reshape([batch, points, 1]));

  const [cx, cy] = [along(0, width), along(1, height)];
  const back = (y: Tensor): Tensor => y.transpose([0, 2, 1]).reshape([batch, channels, rows, columns]);
  if (mode === 'nearest') return [back(pixels(cx.apply('Round'), cy.apply('Round')))];
  const [x0, y0] = [cx.apply('Floor'), cy.apply('Floor')];
  const [fx, fy] = [cx.sub(x0), cy.sub(y0)];
  const taps = mode === 'cubic' ? [-1, 0, 1, 2] : [0, 1];
  const weights = (f: Tensor): Tensor[] => (mode === 'cubic' ? cubicWeights(f) : [f.like(1).sub(f), f]);
  const [wx, wy] = [weights(fx), weights(fy)];
  const parts = taps.flatMap((dy, i) =>
    taps.map((dx, j) => weighed(pixels(x0.add(dx), y0.add(dy)), (wy[i] ?? fy).mul(wx[j] ?? fx))),
  );
  return [back(parts.reduce((a, b) => a.add(b)))];
};

const COEFFICIENT = -0.75;
/** Keys' cubic (1981) at the four pixels around a point that lies `f` past the second. */
function cubicWeights(f: Tensor): Tensor[] {
  const a = COEFFICIENT;
  const near = (d: Tensor): Tensor =>
    d
      .mul(a + 2)
      .sub(a + 3)
      .mul(d)
      .mul(d)
      .add(1);
  const far = (d: Tensor): Tensor => d.sub(5).mul(d).add(8).mul(d).sub(4).mul(a);
  const g = f.like(1).sub(f);
  return [far(f.add(1)), near(f), near(g), far(g.add(1))];
}
