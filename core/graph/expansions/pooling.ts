/** Poolings and reductions that are others in disguise. */
import type { Tensor } from '../tensor.ts';
import { int, intOf, ints } from '../types.ts';
import { windowOf } from '../windows.ts';
import type { Expansion, ExpansionInput } from './expansion.ts';
import { numbersOf } from './expansion.ts';

const spatialAxes = (x: Tensor): number[] => x.shape.slice(2).map((_, i) => i + 2);

/** The winner's place is counted row by row, as its gradient needs it. */
export const maxPool: Expansion = (n) => {
  if (intOf(n.attributes, 'storage_order', 0) === 0) return undefined;
  if (n.outputs > 1) n.refuse('Export it with row-major indices.');
  const { storage_order: _, ...rest } = n.attributes;
  return [n.x.apply('MaxPool', [], rest)];
};
export const globalMaxPool: Expansion = ({ x }) => [x.maximum(spatialAxes(x), true)];
/** (sum |x|^p)^(1/p) */
const root = (x: Tensor, p: number): Tensor => (p === 1 ? x : p === 2 ? x.sqrt() : x.pow(1 / p));
const power = (x: Tensor, p: number): Tensor => (p === 2 ? x.square() : p === 1 ? x.abs() : x.abs().pow(p));

export const globalLpPool: Expansion = ({ x, attributes }) => {
  const p = intOf(attributes, 'p', 2);
  return [root(power(x, p).sum(spatialAxes(x), true), p)];
};
/** A sum over windows is an average with padding counted, times the size of the window. */
export const lpPool: Expansion = (n) => {
  const { x, attributes } = n;
  const p = intOf(attributes, 'p', 2);
  if (intOf(attributes, 'ceil_mode', 0) === 1) n.refuse('Export it without ceil_mode.');
  const { kernel, strides, dilations, pads } = windowOf(attributes, x.shape.slice(2));
  const mean = power(x, p).apply('AveragePool', [], {
    kernel_shape: ints(kernel),
    strides: ints(strides),
    dilations: ints(dilations),
    pads: ints(pads),
    count_include_pad: int(1),
  });
  return [root(mean.mul(kernel.reduce((a, b) => a * b, 1)), p)];
};

export const reduceLogSum: Expansion = (n) => {
  const axes = numbersOf(n, 1, 'axes');
  if (!axes && intOf(n.attributes, 'noop_with_empty_axes', 0) === 1) return [n.x.log()];
  return [summed(n, axes).log()];
};
const summed = ({ x, attributes }: ExpansionInput, axes: readonly number[] | undefined): Tensor =>
  x.sum(axes, intOf(attributes, 'keepdims', 1) === 1);
