/** What drawers of shapes share: places of pixels, layers over each other, and numbers in bounds. */
import type { Tensor, Trace } from '../../graph/index.ts';
import type { DrawContext } from '../drawer.ts';

/** Opacity may not reach one, or the shapes beneath would get no gradient. */
export const OPAQUE = 0.999;

/** For parameters that are not given. */
export const NONE = new Float32Array();

export const logit = (p: number): number => Math.log(p / (1 - p));
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Middles of `size` pixels along a side of the plane. */
export const middles = (size: number, length: number): number[] =>
  Array.from({ length: size }, (_, i) => ((i + 0.5) / size) * length);

/** Middles of all pixels, row by row: x and y, [1, height * width] each. */
export function pixelPlaces({ t, height, width, plane }: DrawContext): { readonly x: Tensor; readonly y: Tensor } {
  const [xs, ys] = [middles(width, plane.width), middles(height, plane.height)];
  const all = (value: (row: number, column: number) => number): Tensor =>
    t.constant(
      ys.flatMap((_, row) => xs.map((_x, column) => value(row, column))),
      [1, height * width],
    );
  return { x: all((_, column) => xs[column] ?? 0), y: all((row) => ys[row] ?? 0) };
}

/** Side of a pixel in units of the plane. */
export const pixelSide = ({ width, plane }: DrawContext): number => plane.width / width;

/** Softness of an edge in units of the plane: crisp for people, softer where a gradient must find it. */
export const softness = (context: DrawContext): number =>
  (context.purpose === 'picture' ? 0.28 : 0.5) * pixelSide(context);

/**
 * Layers of opacity `cover` [count, height * width] in colours [count, 3], the first in front: colour times alpha [1, 3, h, w] and alpha [1, 1, h, w].
 * What lies in front of a layer dims it: a running sum of logarithms, as a product with a triangular matrix.
 */
export function layered(
  t: Trace,
  cover: Tensor,
  colours: Tensor,
  { height, width }: { readonly height: number; readonly width: number },
): { readonly colour: Tensor; readonly alpha: Tensor } {
  const [count = 1] = cover.shape;
  const clear = t.scalar(1).sub(cover).log();
  const before = t.constant(
    Array.from({ length: count * count }, (_, i) => (i % count < Math.floor(i / count) ? 1 : 0)),
    [count, count],
  );
  const seen = cover.mul(before.matmul(clear).exp());
  return {
    colour: colours.matmulTransposed(seen, 'left').reshape([1, 3, height, width]),
    alpha: seen.sum(0).reshape([1, 1, height, width]),
  };
}

/** How far shares are from being nothing or all, on average, []. */
export const undecided = (share: Tensor): Tensor => share.mul(share.like(1).sub(share)).mean();

/** A tensor of the parameters by its name. */
export function named(values: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const found = values[name];
  if (!found) throw new Error(`the parameter "${name}" is missing`);
  return found;
}
