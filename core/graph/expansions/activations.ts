/** Activations that few exports use. Formulas: ONNX operator reference and onnxruntime's contrib operators, where no paper is named. */
import { axisOf } from '../inference.ts';
import type { Tensor } from '../tensor.ts';
import { float, floatOf, int, intOf, text } from '../types.ts';
import type { Expansion, ExpansionInput } from './expansion.ts';
import { required } from './expansion.ts';

const unary =
  (f: (x: Tensor) => Tensor): Expansion =>
  ({ x }) => [f(x)];

/** x tanh(ln(1 + e^x)) (Misra, 2019) */
export const mish = unary((x) => x.mul(x.softplus().tanh()));
export const softsign = unary((x) => x.div(x.abs().add(1)));
export const swish: Expansion = ({ x, attributes }) => [
  x.apply('com.microsoft:QuickGelu', [], { alpha: float(floatOf(attributes, 'alpha', 1)) }),
];
export const prelu: Expansion = (n) => {
  const [, slope = n.x] = n.inputs;
  // The slope broadcasts towards x alone, from its last axis backwards.
  return [n.x.greater(0).where(n.x, n.x.mul(slope))];
};
/** max(0, x) + min(0, a (e^(x/a) - 1)) (Barron, 2017) */
export const celu: Expansion = ({ x, attributes }) => {
  const alpha = floatOf(attributes, 'alpha', 1);
  return [x.max(0).add(x.min(0).div(alpha).exp().sub(1).mul(alpha))];
};
/** Klambauer and others, 2017 */
export const selu: Expansion = ({ x, attributes }) => [
  x
    .apply('Elu', [], { alpha: float(floatOf(attributes, 'alpha', 1.6732631921768188)) })
    .mul(floatOf(attributes, 'gamma', 1.0507010221481323)),
];
export const thresholdedRelu: Expansion = ({ x, attributes }) => [
  x.greater(floatOf(attributes, 'alpha', 1)).where(x, 0),
];
export const shrink: Expansion = ({ x, attributes }) => {
  const lambda = floatOf(attributes, 'lambd', 0.5);
  const bias = floatOf(attributes, 'bias', 0);
  return [x.greater(lambda).where(x.sub(bias), x.less(-lambda).where(x.add(bias), 0))];
};

export const sinh = unary((x) => x.exp().sub(x.neg().exp()).mul(0.5));
export const cosh = unary((x) => x.exp().add(x.neg().exp()).mul(0.5));
export const tan = unary((x) => x.sin().div(x.cos()));
export const asinh = unary((x) => {
  const root = x.square().add(1).sqrt();
  return x.less(0).where(root.sub(x).log().neg(), root.add(x).log());
});
export const acosh = unary((x) => x.add(x.square().sub(1).sqrt()).log());
export const atanh = unary((x) => x.add(1).div(x.like(1).sub(x)).log().mul(0.5));

const gelu = (x: Tensor, approximate: 'none' | 'tanh'): Tensor =>
  x.apply('Gelu', [], { approximate: text(approximate) });
export const exactGelu = unary((x) => gelu(x, 'none'));
export const biasGelu: Expansion = (n) => [gelu(n.x.add(required(n, 1)), 'none')];
export const fastGelu: Expansion = ({ x, inputs }) => [gelu(inputs[1] ? x.add(inputs[1]) : x, 'tanh')];

/** The activation that a fused operator names, with its parameters. */
export function activated(x: Tensor, name: string, [a, b]: readonly number[]): Tensor | undefined {
  switch (name) {
    case '':
      return x;
    case 'Relu':
      return x.apply('Relu');
    case 'Sigmoid':
      return x.sigmoid();
    case 'Tanh':
      return x.tanh();
    case 'LeakyRelu':
      return x.apply('LeakyRelu', [], { alpha: float(a ?? 0.01) });
    case 'Clip':
      return x.clip(a ?? 0, b ?? 6);
    case 'HardSigmoid':
      return x.apply('HardSigmoid', [], { alpha: float(a ?? 0.2), beta: float(b ?? 0.5) });
    case 'Silu':
    case 'Swish':
      return x.apply('com.microsoft:QuickGelu', [], { alpha: float(1) });
    case 'Gelu':
      return gelu(x, 'none');
    default:
      return undefined;
  }
}

/** The rest takes the divisor's sign (fmod 0), which onnxruntime has for whole numbers only. */
export const mod: Expansion = ({ x, inputs, attributes }) => {
  const [, b = x] = inputs;
  if (!x.dtype.startsWith('float') || intOf(attributes, 'fmod', 0) === 1) return undefined;
  return [x.sub(b.mul(x.div(b).apply('Floor')))];
};

/** One where the first greatest element of the axis stands, zero elsewhere. */
export const hardmax: Expansion = ({ x, attributes }) => {
  const axis = axisOf(intOf(attributes, 'axis', -1), x.rank);
  const winner = x.apply('ArgMax', [], { axis: int(axis), keepdims: int(1) });
  const places = x.places(x.shape[axis] ?? 1, axis, x.rank);
  return [places.equal(winner).cast(x.dtype)];
};

const added = ({ x, inputs }: ExpansionInput): Tensor =>
  inputs.slice(1).reduce<Tensor>((total, t) => (t ? total.add(t) : total), x);
export const sum: Expansion = (n) => [added(n)];
export const mean: Expansion = (n) => [added(n).div(n.inputs.length)];
