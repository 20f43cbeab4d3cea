/** Gradients of reductions. */
import { reducedAxes } from '../../graph/inference.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { int, intOf, sizeOf } from '../../graph/types.ts';
import type { Rule, RuleInput } from '../rule.ts';

/** The shape of the output with the reduced axes kept as ones. */
function keptShape({ x, inputs, attributes }: RuleInput): number[] {
  const axes = reducedAxes(attributes, x.rank, inputs[1]?.known?.data);
  return x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
}
/** A rule that sees input, output and cotangent with all axes kept. */
const reduction =
  (pull: (x: Tensor, y: Tensor, g: Tensor, count: number) => Tensor): Rule =>
  (n) => [
    () => {
      const kept = keptShape(n);
      return pull(n.x, n.y.reshape(kept), n.g.reshape(kept), n.x.size / sizeOf(kept)).expand(n.x.shape);
    },
  ];

export const sum = reduction((_x, _y, g) => g);
// The factor and not the count: half precision ends at 65,504.
export const mean = reduction((_x, _y, g, count) => g.mul(1 / count));
/** Ties share the cotangent. */
export const extreme = reduction((x, y, g) => {
  const ties = x.equal(y).cast(g.dtype);
  const axes = x.shape.flatMap((d, i) => (d === y.shape[i] ? [] : [i]));
  return g.mul(ties).div(ties.sum(axes, true));
});
export const l1 = reduction((x, _y, g) => g.mul(x.sign()));
/** d|x| = x / |x|, and 0 where all are 0, as PyTorch has it. */
export const l2 = reduction((x, y, g) => x.mul(y.equal(0).where(g.zeros([]), g.div(y))));
/** The product of the others: the quotient where none is 0; where one is, only that one has a slope. */
export const product = reduction((x, y, g) => {
  const axes = x.shape.flatMap((d, i) => (d === y.shape[i] ? [] : [i]));
  const nought = x.equal(0);
  const zeros = nought.cast(x.dtype).sum(axes, true);
  const others = nought.where(x.like(1), x);
  const rest = others.apply('ReduceProd', [others.whole(axes)], { keepdims: int(1) });
  const alone = zeros.less(1.5).and(zeros.greater(0.5)).and(nought);
  const slope = zeros.less(0.5).where(rest.div(others), alone.where(rest, 0));
  return g.mul(slope);
});
export const sumSquare = reduction((x, _y, g) => x.mul(g.mul(2)));
export const logSumExp = reduction((x, y, g) => x.sub(y).exp().mul(g));

/** dx = y (g - sum(g y)) */
export const softmax: Rule = ({ y, g, attributes }) => [
  () => {
    const weighted = g.mul(y);
    return weighted.sub(y.mul(weighted.sum(intOf(attributes, 'axis', -1), true)));
  },
];
/** dx = g - softmax(x) sum(g) */
export const logSoftmax: Rule = ({ y, g, attributes }) => [
  () => g.sub(y.exp().mul(g.sum(intOf(attributes, 'axis', -1), true))),
];
