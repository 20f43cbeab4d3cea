/** Operators that move or mark elements: borders, one-hot rows, things that are known before the graph runs. */
import { axisOf } from '../inference.ts';
import type { Tensor } from '../tensor.ts';
import { intOf, sizeOf, textOf } from '../types.ts';
import type { Expansion } from './expansion.ts';
import { numbersOf, required } from './expansion.ts';

/** Where element `i` beyond the border of an axis comes from. */
function source(mode: string, i: number, size: number): number {
  if (mode === 'edge') return Math.min(Math.max(i, 0), size - 1);
  if (mode === 'wrap') return ((i % size) + size) % size;
  const period = 2 * (size - 1) || 1;
  const folded = ((i % period) + period) % period;
  return size === 1 ? 0 : Math.min(folded, period - folded);
}

/** Borders of copies are gathered; negative ones are cut off; constant ones stand as they are. */
export const pad: Expansion = (n) => {
  const { x, attributes } = n;
  const mode = textOf(attributes, 'mode', 'constant');
  const pads = numbersOf(n, 1, 'pads');
  if (!pads || (mode === 'constant' && pads.every((p) => p >= 0))) return undefined;
  const axes = numbersOf(n, 3, 'axes')?.map((a) => axisOf(a, x.rank)) ?? x.shape.map((_, i) => i);
  const at = (i: number): readonly [number, number] => [pads[i] ?? 0, pads[i + axes.length] ?? 0];
  const cropped = axes.reduce((y, axis, i) => {
    const [before, after] = at(i);
    const size = y.shape[axis] ?? 1;
    return before < 0 || after < 0 ? y.slice(axis, Math.max(0, -before), size + Math.min(0, after)) : y;
  }, x);
  if (mode === 'constant') {
    const rest = [...axes.map((_, i) => Math.max(0, at(i)[0])), ...axes.map((_, i) => Math.max(0, at(i)[1]))];
    const fill = n.inputs[2] ?? x.like(0);
    return rest.every((p) => p === 0)
      ? [cropped]
      : [cropped.apply('Pad', [x.whole(rest), fill, x.whole(axes)], attributes)];
  }
  return [
    axes.reduce((y, axis, i) => {
      const [before, after] = at(i).map((p) => Math.max(0, p));
      const size = y.shape[axis] ?? 1;
      if (!before && !after) return y;
      const places = Array.from({ length: size + (before ?? 0) + (after ?? 0) }, (_, k) =>
        source(mode, k - (before ?? 0), size),
      );
      return y.gather(y.whole(places), axis);
    }, cropped),
  ];
};

/** Rows of [off, on] at the indices. */
export const oneHot: Expansion = (n) => {
  const depth = numbersOf(n, 1, 'depth')?.[0] ?? n.refuse('Export the model with a fixed depth.');
  const values = required(n, 2);
  const rank = n.x.rank + 1;
  const axis = axisOf(intOf(n.attributes, 'axis', -1), rank);
  const places = n.x.places(depth, axis, rank);
  const wanted = n.x.cast('int64').unsqueeze(axis);
  const hit = places.equal(wanted.less(0).where(wanted.add(depth), wanted));
  const [off, on] = [values.slice(0, 0, 1).reshape([]), values.slice(0, 1, 2).reshape([])];
  return [hit.where(on, off)];
};

export const spaceToDepth: Expansion = ({ x, attributes }) => {
  const k = intOf(attributes, 'blocksize', 1);
  const [b = 1, c = 1, h = 1, w = 1] = x.shape;
  const channelsFirst = textOf(attributes, 'mode', 'DCR') === 'CRD';
  const blocks = x
    .reshape([b, c, h / k, k, w / k, k])
    .transpose(channelsFirst ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]);
  return [blocks.reshape([b, c * k * k, h / k, w / k])];
};
/** At inference nothing is dropped, and the mask is all true. */
export const dropout: Expansion = ({ x, outputs }) => {
  const kept = x.whole([1], []).cast('bool').expand(x.shape);
  return outputs > 1 ? [x, kept] : [x];
};

export const castLike: Expansion = (n) => [n.x.cast(required(n, 1).dtype)];

/** Places of what is not zero: its shape depends on values, so they must be known. */
export const nonZero: Expansion = (n) => {
  const data = numbersOf(n, 0, 'input') ?? [];
  const { shape } = n.x;
  const found = data.flatMap((v, i) => (v === 0 ? [] : [i]));
  const rows = shape.map((size, axis) => found.map((i) => Math.floor(i / sizeOf(shape.slice(axis + 1))) % size));
  return [n.x.whole(rows.flat(), [shape.length, found.length])];
};

/** The parts of a small constant are constants; equal parts, which older opsets leave unsaid, are spelt out. */
export const split: Expansion = (n) => {
  if (!n.x.known && n.inputs[1]) return undefined;
  const axis = axisOf(intOf(n.attributes, 'axis', 0), n.x.rank);
  const size = n.x.shape[axis] ?? 1;
  const each = Math.ceil(size / n.outputs);
  const sizes =
    numbersOf(n, 1, 'sizes') ?? Array.from({ length: n.outputs }, (_, i) => Math.min(each, size - each * i));
  if (!n.x.known) return n.x.split(axis, sizes);
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((a, b) => a + b, 0));
  return sizes.map((count, i) => n.x.slice(axis, starts[i] ?? 0, (starts[i] ?? 0) + count));
};

/** com.microsoft:BiasSplitGelu and the gated units: the first half times the activated second. */
const halves = (x: Tensor): readonly [Tensor, Tensor] => {
  const axis = x.rank - 1;
  const width = (x.shape[axis] ?? 2) / 2;
  return [x.slice(axis, 0, width), x.slice(axis, width, 2 * width)];
};
export const biasSplitGelu: Expansion = (n) => {
  const [a, b] = halves(n.x.add(required(n, 1)));
  return [a.mul(b.apply('Gelu'))];
};
