/**
 * Values added at places that may repeat. Never by onnxruntime's ScatterND, which adds in parallel: of what falls on one place it loses some, others in
 * each run. ScatterElements adds in order.
 */
import type { Tensor } from '../tensor.ts';
import { int, type Shape, sizeOf, text, textOf } from '../types.ts';
import { type Expansion, required } from './expansion.ts';

/** `rows` [k, ...] added to `x` [size, ...] at `places` int64 [k] of its first axis. */
export function addedAt(x: Tensor, places: Tensor, rows: Tensor): Tensor {
  const [count = 1, ...each] = rows.shape;
  const at = places.reshape([count, ...each.map(() => 1)]).expand(rows.shape);
  return x.apply('ScatterElements', [at, rows], { axis: int(0), reduction: text('add') });
}

/** Indices int64 [..., axes] into `sizes` as places in row-major order, [k]; those below zero count from the end. */
export function placesIn(indices: Tensor, sizes: Shape): Tensor {
  const axis = indices.rank - 1;
  const count = sizeOf(indices.shape.slice(0, -1));
  const along = sizes.map((size, i) => {
    const one = indices.slice(axis, i, i + 1).reshape([count]);
    const counted = one.less(0).where(one.add(size), one);
    return counted.mul(sizeOf(sizes.slice(i + 1)));
  });
  return along.reduce((a, b) => a.add(b));
}

export const scatterNd: Expansion = (n) => {
  if (textOf(n.attributes, 'reduction', 'none') !== 'add') return undefined;
  const indices = required(n, 1).cast('int64');
  const axes = indices.shape.at(-1) ?? 0;
  const [sizes, rest] = [n.x.shape.slice(0, axes), n.x.shape.slice(axes)];
  const rows = required(n, 2).reshape([sizeOf(indices.shape.slice(0, -1)), ...rest]);
  return [addedAt(n.x.reshape([sizeOf(sizes), ...rest]), placesIn(indices, sizes), rows).reshape(n.x.shape)];
};
