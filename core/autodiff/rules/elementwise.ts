/** Gradients of elementwise operators. The derivative stands beside each rule; broadcasting is undone by the sweep. */
import type { Tensor } from '../../graph/tensor.ts';
import { float, floatOf, intOf, textOf } from '../../graph/types.ts';
import type { Rule, RuleInput } from '../rule.ts';

/** A rule of one input: dy/dx as a tensor. */
const unary =
  (derivative: (n: RuleInput) => Tensor): Rule =>
  (n) => [() => n.g.mul(derivative(n))];
const pass: Rule = ({ g }) => [() => g];
const second = (n: RuleInput): Tensor => n.inputs[1] ?? n.x;
const mask = (condition: Tensor, g: Tensor): Tensor => condition.where(g, 0);
/** A sigmoid's derivative, from its value. */
const bell = (s: Tensor): Tensor => s.mul(s.like(1).sub(s));

export const add: Rule = ({ g }) => [() => g, () => g];
export const sub: Rule = ({ g }) => [() => g, () => g.neg()];
export const mul: Rule = (n) => [() => n.g.mul(second(n)), () => n.g.mul(n.x)];
/** d(a/b) = da/b - (a/b) db/b */
export const div: Rule = (n) => [() => n.g.div(second(n)), () => n.g.mul(n.y).div(second(n)).neg()];
/** d(a^b) = b a^(b-1) da + a^b ln(a) db */
export const pow: Rule = (n) => {
  const b = second(n);
  const [exponent] = b.known?.data.length === 1 ? b.known.data : [];
  const power = b.cast(n.x.dtype);
  const slope = (): Tensor => {
    if (exponent === 2) return n.x.mul(2);
    if (exponent === 0.5) return n.y.reciprocal().mul(0.5);
    // What is to the power of 0 is 1 everywhere, at 0 too.
    if (exponent === 0) return n.x.zeros([]);
    const steep = power.mul(n.x.pow(power.sub(1)));
    return exponent === undefined ? power.equal(0).where(steep.zeros([]), steep) : steep;
  };
  return [() => n.g.mul(slope()), () => n.g.mul(n.y).mul(n.x.log())];
};
/** Where several inputs tie for the extreme, they share the cotangent. */
export const extreme: Rule = (n) => {
  const ties = n.inputs.map((t) => (t ?? n.x).equal(n.y).cast(n.g.dtype));
  const count = ties.reduce((a, b) => a.add(b));
  return ties.map((tie) => () => n.g.mul(tie).div(count));
};
export const where: Rule = (n) => [null, () => mask(n.x, n.g), () => n.x.where(n.g.zeros([]), n.g)];
/** Only the dividend: the quotient's rounding has derivative zero almost everywhere. */
export const mod: Rule = ({ g }) => [() => g];
export const cast: Rule = ({ g, x }) => [() => g.cast(x.dtype)];
export const identity = pass;

export const abs = unary((n) => n.x.sign());
export const neg: Rule = ({ g }) => [() => g.neg()];
export const exp = unary((n) => n.y);
export const log: Rule = ({ g, x }) => [() => g.div(x)];
/** d sqrt(x) = dx / (2 sqrt(x)) */
export const sqrt: Rule = ({ g, y }) => [() => g.div(y.mul(2))];
/** d(1/x) = -dx / x^2 */
export const reciprocal: Rule = ({ g, y }) => [() => g.mul(y.square()).neg()];
export const sin = unary((n) => n.x.cos());
export const cos = unary((n) => n.x.sin().neg());
/** d asin(x) = dx / sqrt(1 - x^2) */
const arc = (x: Tensor): Tensor => x.like(1).sub(x.square()).sqrt();
export const asin: Rule = ({ g, x }) => [() => g.div(arc(x))];
export const acos: Rule = ({ g, x }) => [() => g.div(arc(x)).neg()];
export const atan: Rule = ({ g, x }) => [() => g.div(x.square().add(1))];
/** d tanh(x) = (1 - tanh^2) dx */
export const tanh = unary((n) => n.y.like(1).sub(n.y.square()));
export const sigmoid = unary((n) => bell(n.y));
/** d erf(x) = 2/sqrt(pi) exp(-x^2) dx */
export const erf = unary((n) =>
  n.x
    .square()
    .neg()
    .exp()
    .mul(2 / Math.sqrt(Math.PI)),
);
/** Beyond what any gate between 0 and 1 leaves undecided in float32. */
const STEEP = 1e38;
/** `g` where `s`, which is nowhere below zero, is above it; 0 elsewhere. In float32 as products: onnxruntime takes twice as long to compare and choose. */
const open = (s: Tensor, g: Tensor): Tensor =>
  s.dtype === 'float32'
    ? g.mul(s.apply('HardSigmoid', [], { alpha: float(STEEP), beta: float(0) }))
    : mask(s.greater(0), g);

export const relu: Rule = ({ g, y }) => [() => open(y, g)];
export const leakyRelu: Rule = ({ g, x, attributes }) => [
  () => x.greater(0).where(g, g.mul(floatOf(attributes, 'alpha', 0.01))),
];
/** alpha (e^x - 1) below zero: its derivative is y + alpha */
export const elu: Rule = ({ g, x, y, attributes }) => [
  () => x.greater(0).where(g, g.mul(y.add(floatOf(attributes, 'alpha', 1)))),
];
export const softplus = unary((n) => n.x.sigmoid());
export const hardSigmoid: Rule = ({ g, y, attributes }) => [
  () => mask(y.greater(0).and(y.less(1)), g.mul(floatOf(attributes, 'alpha', 0.2))),
];
/** x clip(x/6 + 1/2, 0, 1): between -3 and 3 the derivative is x/3 + 1/2 */
export const hardSwish: Rule = ({ g, x }) => [
  () => x.greater(3).where(g, mask(x.greater(-3), g.mul(x.div(3).add(0.5)))),
];
/**
 * At the bounds themselves the cotangent passes, as in torch.clamp. Between 0 and 6 it does not: exporters write ReLU6 so, and hardtanh, which it is,
 * passes nothing at its bounds; that is read off what came out, since a convolution whose output is read twice is not run as one with its ReLU6.
 */
export const clip: Rule = ({ g, x, y, inputs }) => [
  () => {
    const [, low, high] = inputs;
    if (low?.known?.data[0] === 0 && high?.known?.data[0] === 6) return open(y.mul(high.sub(y)), g);
    const above = low ? mask(x.greaterOrEqual(low), g) : g;
    return high ? mask(high.greaterOrEqual(x), above) : above;
  },
];

/** y = x s with s = sigmoid(a x): dy = s + a x s (1 - s) = s (1 + a (x - y)) */
export const quickGelu = unary(({ x, y, attributes }) => {
  const alpha = floatOf(attributes, 'alpha', 1.702);
  return x.sub(y).mul(alpha).add(1).mul(x.mul(alpha).sigmoid());
});

/** Exact: Phi(x) + x phi(x). With tanh: 1/2 (1 + t) + x/2 (1 - t^2) u', u = sqrt(2/pi)(x + 0.044715 x^3) (Hendrycks and Gimpel, 2016). */
export const gelu = unary(({ x, attributes }) => {
  if (textOf(attributes, 'approximate', 'none') !== 'tanh') {
    const phi = x
      .square()
      .mul(-0.5)
      .exp()
      .mul(1 / Math.sqrt(2 * Math.PI));
    return x.mul(Math.SQRT1_2).erf().add(1).mul(0.5).add(x.mul(phi));
  }
  const k = Math.sqrt(2 / Math.PI);
  const square = x.square();
  const t = x.mul(square.mul(0.044715).add(1)).mul(k).tanh();
  const slope = square
    .mul(3 * 0.044715)
    .add(1)
    .mul(k);
  return t
    .add(1)
    .mul(0.5)
    .add(x.mul(0.5).mul(t.like(1).sub(t.square())).mul(slope));
});

/** A running sum is undone by running the other way. */
export const cumSum: Rule = ({ g, inputs, attributes }) => [
  () =>
    g.apply(
      'CumSum',
      inputs.slice(1).flatMap((t) => (t ? [t] : [])),
      { ...attributes, reverse: { type: 'int', value: 1 - intOf(attributes, 'reverse', 0) } },
    ),
];
