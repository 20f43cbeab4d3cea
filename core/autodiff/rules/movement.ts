/** Gradients of operators that only move elements: each moves the cotangent back. */
import { addedAt, placesIn } from '../../graph/expansions/scatter.ts';
import { axisOf, cutsOf } from '../../graph/inference.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { concat as join } from '../../graph/tensor.ts';
import { int, intOf, intsOf, sizeOf, text, textOf } from '../../graph/types.ts';
import type { Pullback, Rule } from '../rule.ts';

const zerosAt = (rank: number, axis: number, value: number): number[] =>
  Array.from({ length: rank }, (_, i) => (i === axis ? value : 0));

export const reshape: Rule = ({ x, g }) => [() => g.reshape(x.shape)];
export const transpose: Rule = ({ x, g, attributes }) => [
  () => {
    const order = intsOf(attributes, 'perm') ?? x.shape.map((_, i) => x.rank - 1 - i);
    return g.transpose(order.map((_, i) => order.indexOf(i)));
  },
];
export const concat: Rule = ({ x, inputs, g, attributes }) => {
  const axis = axisOf(intOf(attributes, 'axis', 0), x.rank);
  const sizes = inputs.map((t) => t?.shape[axis] ?? 0);
  return inputs.map(
    (_, i): Pullback =>
      () =>
        g.split(axis, sizes)[i] ?? g,
  );
};
export const split: Rule = ({ x, outputs, cotangents, attributes }) => [
  () =>
    join(
      outputs.map((y, i) => cotangents[i] ?? y.zeros()),
      axisOf(intOf(attributes, 'axis', 0), x.rank),
    ),
];

/** Zeros between the elements of one axis, `step` apart. */
function dilate(g: Tensor, axis: number, step: number): Tensor {
  const shape = [...g.shape.slice(0, axis + 1), 1, ...g.shape.slice(axis + 1)];
  const wide = g.reshape(shape).pad(
    shape.map(() => 0),
    zerosAt(shape.length, axis + 1, step - 1),
  );
  const count = (g.shape[axis] ?? 1) * step;
  const joined = wide.reshape(g.shape.map((d, i) => (i === axis ? count : d)));
  return joined.slice(axis, 0, count - step + 1);
}
export const slice: Rule = ({ x, inputs, g }) => [
  () => {
    const [, starts, ends, axes, steps] = inputs.map((t) => t?.known?.data);
    return cutsOf(x.shape, starts ?? [], ends ?? [], axes, steps).reduce((t, { axis, start, step, count }) => {
      const forward = step < 0 ? t.flip([axis]) : t;
      const spaced = Math.abs(step) === 1 ? forward : dilate(forward, axis, Math.abs(step));
      const from = step < 0 ? start + step * (count - 1) : start;
      const after = (x.shape[axis] ?? 0) - from - (spaced.shape[axis] ?? 0);
      return spaced.pad(zerosAt(x.rank, axis, from), zerosAt(x.rank, axis, after));
    }, g);
  },
];

const adding = { reduction: text('add') };
/** Rows that were read several times collect the sum of their cotangents. */
export const gather: Rule = ({ x, inputs, g, attributes }) => [
  () => {
    const indices = inputs[1] ?? x;
    const axis = axisOf(intOf(attributes, 'axis', 0), x.rank);
    const size = x.shape[axis] ?? 1;
    const one = indices.known?.data;
    if (one?.length === 1) {
      const at = ((one[0] ?? 0) + size) % size;
      const kept = g.reshape(x.shape.map((d, i) => (i === axis ? 1 : d)));
      return kept.pad(zerosAt(x.rank, axis, at), zerosAt(x.rank, axis, size - 1 - at));
    }
    const others = x.shape.map((_, i) => i).filter((i) => i !== axis);
    const rows = g.transpose([
      ...indices.shape.map((_, i) => axis + i),
      ...others.map((i) => (i < axis ? i : i + indices.rank - 1)),
    ]);
    const flat = rows.reshape([indices.size, ...others.map((i) => x.shape[i] ?? 1)]);
    const order = [axis, ...others];
    const empty = x.zeros(order.map((i) => x.shape[i] ?? 1));
    return addedAt(empty, indices.cast('int64').reshape([indices.size]), flat).transpose(
      x.shape.map((_, i) => order.indexOf(i)),
    );
  },
];
export const gatherElements: Rule = ({ x, inputs, g, attributes }) => [
  () => x.zeros().apply('ScatterElements', [inputs[1] ?? x, g], { ...attributes, ...adding }),
];
/** The cotangent of each chosen value goes back to its place. */
export const topK: Rule = ({ x, g, outputs, cotangents, attributes }) => [
  () =>
    cotangents[0] && outputs[1]
      ? x.zeros().apply('ScatterElements', [outputs[1], g], { axis: int(intOf(attributes, 'axis', -1)) })
      : x.zeros(),
];
/** Indices with the places along the batch axes written in front, since ScatterND has no batch axes. */
function withBatch(indices: Tensor, batch: number): Tensor {
  const whole = indices.cast('int64');
  const lead = indices.shape.slice(0, -1);
  const places = Array.from({ length: batch }, (_, axis) =>
    whole.places(lead[axis] ?? 1, axis, indices.rank).expand([...lead, 1]),
  );
  return join([...places, whole], indices.rank - 1);
}
export const gatherNd: Rule = ({ x, inputs, g, attributes }) => [
  () => {
    const indices = inputs[1] ?? x;
    const batch = intOf(attributes, 'batch_dims', 0);
    const whole = batch === 0 ? indices.cast('int64') : withBatch(indices, batch);
    const axes = whole.shape.at(-1) ?? 0;
    const [sizes, rest] = [x.shape.slice(0, axes), x.shape.slice(axes)];
    const count = sizeOf(whole.shape.slice(0, -1));
    const rows = g.reshape([count, ...rest]);
    return addedAt(x.zeros([sizeOf(sizes), ...rest]), placesIn(whole, sizes), rows).reshape(x.shape);
  },
];
/** The cotangent of what was overwritten is zero there; what was written reads its own places. */
const scattered =
  (scatter: 'ScatterND' | 'ScatterElements', gather: 'GatherND' | 'GatherElements'): Rule =>
  ({ inputs, g, attributes, refuse }) => {
    const indices = inputs[1] ?? g;
    const updates = inputs[2] ?? g;
    const reduction = textOf(attributes, 'reduction', 'none');
    if (reduction !== 'none' && reduction !== 'add') refuse('Only scatters that add or overwrite are differentiated.');
    const axis = scatter === 'ScatterElements' ? { axis: int(intOf(attributes, 'axis', 0)) } : {};
    return [
      () => (reduction === 'add' ? g : g.apply(scatter, [indices, updates.zeros()], axis)),
      null,
      () => g.apply(gather, [indices], axis),
    ];
  };
export const scatterNd = scattered('ScatterND', 'GatherND');
export const scatterElements = scattered('ScatterElements', 'GatherElements');

/** Expanding is broadcasting: the sweep sums the cotangent back. */
export const expand: Rule = ({ g }) => [() => g];
export const tile: Rule = ({ x, inputs, g }) => [
  () => {
    const repeats = inputs[1]?.known?.data ?? [];
    const apart = x.shape.flatMap((d, i) => [repeats[i] ?? 1, d]);
    return g
      .reshape(apart)
      .sum(x.shape.map((_, i) => 2 * i))
      .reshape(x.shape);
  },
];
/** Borders of copies and negative ones are spelt out before any rule sees them. */
export const pad: Rule = ({ x, inputs, g }) => [
  () => {
    const pads = inputs[1]?.known?.data ?? [];
    const axes = inputs[3]?.known?.data.map((a) => axisOf(a, x.rank)) ?? x.shape.map((_, i) => i);
    return axes.reduce((t, axis, i) => {
      const before = pads[i] ?? 0;
      const size = x.shape[axis] ?? 1;
      return t.shape[axis] === size ? t : t.slice(axis, before, before + size);
    }, g);
  },
];
export const trilu: Rule = ({ inputs, g, attributes }) => [
  () => g.apply('Trilu', inputs[1] ? [inputs[1]] : [], attributes),
];

/** Blocks of `k` by `k` pixels to channels and back, spelt out for both channel orders. */
export const depthToSpace: Rule = ({ x, g, attributes }) => [
  () => {
    const k = intOf(attributes, 'blocksize', 1);
    const [b = 1, c = 1, h = 1, w = 1] = x.shape;
    const blocks = g.reshape([b, c / (k * k), h, k, w, k]);
    return blocks
      .transpose(textOf(attributes, 'mode', 'DCR') === 'CRD' ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4])
      .reshape(x.shape);
  },
];
export const spaceToDepth: Rule = ({ g, attributes }) => [
  () => g.apply('DepthToSpace', [], { blocksize: int(intOf(attributes, 'blocksize', 1)), mode: text('DCR') }),
];
