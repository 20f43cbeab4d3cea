/** Gradients of normalisations. */
import { axisOf } from '../../graph/inference.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { floatOf, intOf } from '../../graph/types.ts';
import type { Rule } from '../rule.ts';

/**
 * y = s (x - m) r + b with m the mean and r the inverse deviation, both reused from the forward pass.
 * With h = (x - m) r and q = g s: dx = r (q - mean(q) - h mean(q h)) (Ba, Kiros and Hinton, 2016).
 * The statistics may be read too: dm/dx = 1/n and dr/dx = -r^2 h / n.
 */
export const layerNormalization: Rule = ({ x, inputs, outputs, cotangents, attributes }) => {
  const [, mean = x, inverse = x] = outputs;
  const [ofValue, ofMean, ofInverse] = cotangents;
  const axes = Array.from({ length: x.rank }, (_, i) => i).slice(axisOf(intOf(attributes, 'axis', -1), x.rank));
  const count = axes.reduce((n, axis) => n * (x.shape[axis] ?? 1), 1);
  // The statistics of a float16 tensor are float32.
  const spread = inverse.cast(x.dtype);
  const normal = (): Tensor => x.sub(mean.cast(x.dtype)).mul(spread);
  const fromValue = (g: Tensor): Tensor => {
    const h = normal();
    const q = inputs[1] ? g.mul(inputs[1]) : g;
    return q
      .sub(q.mean(axes, true))
      .sub(h.mul(q.mul(h).mean(axes, true)))
      .mul(spread);
  };
  const given = ofValue ?? x.zeros();
  return [
    () =>
      [
        ...(ofValue ? [fromValue(ofValue)] : []),
        ...(ofMean ? [ofMean.cast(x.dtype).div(count).expand(x.shape)] : []),
        ...(ofInverse ? [ofInverse.cast(x.dtype).div(-count).mul(spread.square()).mul(normal())] : []),
      ].reduce((a, b) => a.add(b)),
    () => given.mul(normal()),
    () => given,
  ];
};

/** At inference y = s (x - m) / sqrt(v + e) + b, all per channel. */
export const batchNormalization: Rule = ({ x, inputs, g, attributes }) => {
  const [, scale = x, , mean = x, variance = x] = inputs;
  const perChannel = (t: Tensor): Tensor => t.reshape([1, t.size, ...x.shape.slice(2).map(() => 1)]);
  const inverse = (): Tensor =>
    variance
      .add(floatOf(attributes, 'epsilon', 1e-5))
      .sqrt()
      .reciprocal();
  const others = [0, ...x.shape.slice(2).map((_, i) => i + 2)];
  return [
    () => g.mul(perChannel(scale.mul(inverse()))),
    () =>
      g
        .mul(x.sub(perChannel(mean)))
        .mul(perChannel(inverse()))
        .sum(others),
    () => g.sum(others),
  ];
};
