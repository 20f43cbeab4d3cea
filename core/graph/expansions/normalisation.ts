/** Normalisations, written as means and products. */
import { axisOf } from '../inference.ts';
import type { Tensor } from '../tensor.ts';
import { concat } from '../tensor.ts';
import type { Attributes } from '../types.ts';
import { float, floatOf, int, intOf, intsOf } from '../types.ts';
import { activated } from './activations.ts';
import type { Expansion } from './expansion.ts';
import { required } from './expansion.ts';

/** (x - mean) / sqrt(variance + e) over `axes`. */
function standardised(x: Tensor, axes: readonly number[], epsilon: number): Tensor {
  const centred = x.sub(x.mean(axes, true));
  return centred.div(centred.square().mean(axes, true).add(epsilon).sqrt());
}
const channelwise = (t: Tensor, like: Tensor): Tensor => t.reshape([1, t.size, ...like.shape.slice(2).map(() => 1)]);
const epsilonOf = (a: Attributes): number => floatOf(a, 'epsilon', 1e-5);

/** Channels in groups, [n, c, ...] (Wu and He, 2018). */
function grouped(x: Tensor, groups: number, epsilon: number): Tensor {
  const [n = 1] = x.shape;
  return standardised(x.reshape([n, groups, x.size / (n * groups)]), [2], epsilon).reshape(x.shape);
}

export const instanceNormalization: Expansion = (n) => {
  const { x } = n;
  const axes = x.shape.slice(2).map((_, i) => i + 2);
  return [
    standardised(x, axes, epsilonOf(n.attributes))
      .mul(channelwise(required(n, 1), x))
      .add(channelwise(required(n, 2), x)),
  ];
};
/**
 * In training form the statistics are the batch's own; exporters write it where weights are standardised (Brock and others, 2021).
 * Outputs: the normalised tensor, and running mean and variance.
 */
export const batchNormalization: Expansion = (n) => {
  const { x, attributes } = n;
  if (intOf(attributes, 'training_mode', 0) === 0) return undefined;
  const axes = x.shape.map((_, i) => i).filter((i) => i !== 1);
  const mean = x.mean(axes, true);
  const variance = x.sub(mean).square().mean(axes, true);
  const y = x.sub(mean).div(variance.add(epsilonOf(attributes)).sqrt());
  const momentum = floatOf(attributes, 'momentum', 0.9);
  const running = (before: Tensor, now: Tensor): Tensor =>
    before.mul(momentum).add(now.reshape(before.shape).mul(1 - momentum));
  return [
    y.mul(channelwise(required(n, 1), x)).add(channelwise(required(n, 2), x)),
    running(required(n, 3), mean),
    running(required(n, 4), variance),
  ];
};
/** Scale and bias: one a channel since opset 21, one a group before. */
export const groupNormalization: Expansion = (n) => {
  const { x, attributes } = n;
  const groups = intOf(attributes, 'num_groups', 1);
  const channels = x.shape[1] ?? 1;
  const each = (t: Tensor): Tensor =>
    channelwise(
      t.size === channels
        ? t
        : t
            .reshape([groups, 1])
            .expand([groups, channels / groups])
            .reshape([channels]),
      x,
    );
  return [
    grouped(x, groups, epsilonOf(attributes))
      .mul(each(required(n, 1)))
      .add(each(required(n, 2))),
  ];
};
/** onnxruntime's own: channels last unless told otherwise, with an activation. */
export const microsoftGroupNorm: Expansion = (n) => {
  const last = intOf(n.attributes, 'channels_last', 1) === 1;
  const x = last ? n.x.transpose([0, 3, 1, 2]) : n.x;
  const y = grouped(x, intOf(n.attributes, 'groups', 1), epsilonOf(n.attributes))
    .mul(channelwise(required(n, 1), x))
    .add(channelwise(required(n, 2), x));
  const z = intOf(n.attributes, 'activation', 0) === 1 ? (activated(y, 'Silu', []) ?? y) : y;
  return [last ? z.transpose([0, 2, 3, 1]) : z];
};

/** x / sqrt(mean(x^2) + e) · scale (Zhang and Sennrich, 2019). */
function rms(x: Tensor, axes: readonly number[], epsilon: number): Tensor {
  return x.div(x.square().mean(axes, true).add(epsilon).sqrt());
}
export const rmsNormalization: Expansion = (n) => {
  const { x, attributes } = n;
  const axis = axisOf(intOf(attributes, 'axis', -1), x.rank);
  const axes = x.shape.map((_, i) => i).slice(axis);
  return [rms(x, axes, epsilonOf(attributes)).mul(required(n, 1))];
};

export const lpNormalization: Expansion = ({ x, attributes }) => {
  const axis = axisOf(intOf(attributes, 'axis', -1), x.rank);
  const first = intOf(attributes, 'p', 2) === 1;
  const total = (first ? x.abs() : x.square()).sum(axis, true);
  // A row of zeros stays one, and so does its gradient.
  const safe = total.greater(0).where(total, 1);
  return [x.div(first ? safe : safe.sqrt())];
};
export const meanVarianceNormalization: Expansion = ({ x, attributes }) => {
  const axes = intsOf(attributes, 'axes') ?? [0, 2, 3];
  const centred = x.sub(x.mean(axes, true));
  return [centred.div(centred.square().mean(axes, true).sqrt().add(1e-9))];
};
/** x / (bias + alpha / size · sum of squares of neighbouring channels)^beta (Krizhevsky and others, 2012). */
export const localResponse: Expansion = ({ x, attributes }) => {
  const size = intOf(attributes, 'size', 1);
  const before = Math.floor((size - 1) / 2);
  const around = x.shape.map((_, i) => (i === 1 ? before : 0));
  const after = x.shape.map((_, i) => (i === 1 ? size - 1 - before : 0));
  const squares = x.square().pad(around, after);
  const channels = x.shape[1] ?? 1;
  const total = Array.from({ length: size }, (_, i) => squares.slice(1, i, i + channels)).reduce((a, b) => a.add(b));
  const scale = total.mul(floatOf(attributes, 'alpha', 1e-4) / size).add(floatOf(attributes, 'bias', 1));
  return [x.div(scale.pow(floatOf(attributes, 'beta', 0.75)))];
};

const layerNorm = (x: Tensor, scale: Tensor, bias: Tensor | undefined, epsilon: number): Tensor =>
  x.apply('LayerNormalization', bias ? [scale, bias] : [scale], { axis: int(-1), epsilon: float(epsilon) });

/** layerNorm(x + skip + bias); output 3 is the sum. */
export const skipLayerNormalization: Expansion = (n) => {
  const [, , , beta, bias] = n.inputs;
  const added = n.x.add(required(n, 1));
  const total = bias ? added.add(bias) : added;
  const epsilon = floatOf(n.attributes, 'epsilon', 1e-12);
  return [layerNorm(total, required(n, 2), beta, epsilon), total, total, total];
};
export const skipSimplifiedLayerNormalization: Expansion = (n) => {
  const [, , , bias] = n.inputs;
  const added = n.x.add(required(n, 1));
  const total = bias ? added.add(bias) : added;
  const normal = rms(total, [total.rank - 1], floatOf(n.attributes, 'epsilon', 1e-5)).mul(required(n, 2));
  return [normal, total, total, total];
};
/** Word, position and segment embeddings, added and normalised (BERT). */
export const embedLayerNormalization: Expansion = (n) => {
  const [ids = n.x, segments, words = n.x, positions = n.x, segmentTable, , , mask, positionIds] = n.inputs;
  const [batch = 1, length = 1] = ids.shape;
  const places = positionIds ?? ids.places(length);
  const placed = words.gather(ids).add(positions.gather(places));
  const total = segments && segmentTable ? placed.add(segmentTable.gather(segments)) : placed;
  const used = mask ? mask.cast('int32').sum([1]) : ids.whole(Array(batch).fill(length)).cast('int32');
  return [layerNorm(total, required(n, 5), n.inputs[6], floatOf(n.attributes, 'epsilon', 1e-12)), used, total];
};

/** Rotates pairs of features by angles that grow with the position (Su and others, 2021). x is [batch, heads, length, width] or [batch, length, heads·width]. */
export function rotated(x: Tensor, cos: Tensor, sin: Tensor, width: number, interleaved: boolean): Tensor {
  const last = x.rank - 1;
  const turning = x.slice(last, 0, width);
  const half = width / 2;
  const pairs = interleaved
    ? [turning.slice(last, 0, width, 2), turning.slice(last, 1, width, 2)]
    : [turning.slice(last, 0, half), turning.slice(last, half, width)];
  const [a = turning, b = turning] = pairs;
  const [real, imaginary] = [a.mul(cos).sub(b.mul(sin)), a.mul(sin).add(b.mul(cos))];
  const whole = interleaved
    ? concat([real.unsqueeze(last + 1), imaginary.unsqueeze(last + 1)], last + 1).reshape(turning.shape)
    : concat([real, imaginary], last);
  const size = x.shape[last] ?? width;
  return size === width ? whole : concat([whole, x.slice(last, width, size)], last);
}
