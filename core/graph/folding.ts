/** Constant folding of the shape arithmetic that exporters leave behind: small constants only, worked out as plain numbers. */
import type { Known } from './data.ts';
import { numbersOf } from './data.ts';
import { axisOf, cutsOf } from './inference.ts';
import type { Operator } from './operators.ts';
import type { Attributes, Shape, ValueType } from './types.ts';
import { intOf, intsOf, sizeOf } from './types.ts';

export interface FoldInput {
  readonly attributes: Attributes;
  readonly inputs: readonly (Known | undefined)[];
  readonly types: readonly (ValueType | undefined)[];
  /** What shape inference says of the output. */
  readonly output: ValueType;
}
type Fold = (n: FoldInput) => readonly number[] | undefined;

/** Constants of more elements than this are left to onnxruntime, which folds them as it loads. */
export const FOLD_LIMIT = 1 << 14;

const stridesOf = (shape: Shape): number[] => shape.map((_, i) => sizeOf(shape.slice(i + 1)));

/** Values at every index of `shape`, row-major. `at` is given the same array every time, counted on. */
function mapIndices(shape: Shape, at: (index: readonly number[]) => number): number[] {
  const index = shape.map(() => 0);
  return Array.from({ length: sizeOf(shape) }, (_, flat) => {
    if (flat > 0) countOn(index, shape);
    return at(index);
  });
}
function countOn(index: number[], shape: Shape): void {
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = (index[axis] ?? 0) + 1;
    if ((index[axis] ?? 0) < (shape[axis] ?? 1)) return;
    index[axis] = 0;
  }
}
/** A constant's numbers by index, the index of a value that it is broadcast to too. */
function reader({ shape, data }: Known): (index: readonly number[]) => number {
  const strides = stridesOf(shape).map((s, i) => ((shape[i] ?? 1) === 1 ? 0 : s));
  return (index) => {
    const skip = index.length - strides.length;
    let at = 0;
    for (const [i, stride] of strides.entries()) at += stride * (index[i + skip] ?? 0);
    return data[at] ?? 0;
  };
}
const lift =
  (f: (...x: number[]) => number): Fold =>
  ({ inputs, output }) => {
    const all = inputs.filter((k) => k !== undefined);
    if (all.length !== inputs.length) return undefined;
    const size = sizeOf(output.shape);
    // Nothing is repeated along an axis: as many numbers as the output has lie in its order.
    if (all.every((k) => k.data.length === size || k.data.length === 1))
      return Array.from({ length: size }, (_, i) => f(...all.map((k) => k.data[k.data.length === 1 ? 0 : i] ?? 0)));
    const readers = all.map(reader);
    return mapIndices(output.shape, (index) => f(...readers.map((from) => from(index))));
  };
const whole = (n: FoldInput, x: number): number => (n.output.dtype.startsWith('float') ? x : Math.trunc(x));
const sameData: Fold = ({ inputs }) => inputs[0]?.data;
const flag = (b: boolean): number => (b ? 1 : 0);
const reduced =
  (f: (a: number, b: number) => number, none: number): Fold =>
  ({ inputs, output }) => {
    const [x] = inputs;
    if (!x || sizeOf(output.shape) !== 1) return undefined;
    return [x.data.length > 0 ? x.data.reduce((a, b) => f(a, b)) : none];
  };

const FOLDS: Partial<Record<Operator, Fold>> = {
  Shape: ({ types, attributes }) =>
    types[0]?.shape.slice(intOf(attributes, 'start', 0), intOf(attributes, 'end', types[0].shape.length)),
  Size: ({ types }) => types[0] && [sizeOf(types[0].shape)],
  Add: lift((a, b) => a + b),
  Sub: lift((a, b) => a - b),
  Mul: lift((a, b) => a * b),
  Div: (n) => lift((a, b) => whole(n, a / b))(n),
  Pow: lift((a, b) => a ** b),
  Mod: (n) => lift((a, b) => (intOf(n.attributes, 'fmod', 0) ? a % b : a - b * Math.floor(a / b)))(n),
  Min: lift(Math.min),
  Max: lift(Math.max),
  Neg: lift((a) => -a),
  Abs: lift(Math.abs),
  Sqrt: lift(Math.sqrt),
  Exp: lift(Math.exp),
  Floor: lift(Math.floor),
  Ceil: lift(Math.ceil),
  Equal: lift((a, b) => flag(a === b)),
  Less: lift((a, b) => flag(a < b)),
  LessOrEqual: lift((a, b) => flag(a <= b)),
  Greater: lift((a, b) => flag(a > b)),
  GreaterOrEqual: lift((a, b) => flag(a >= b)),
  And: lift((a, b) => flag(a !== 0 && b !== 0)),
  Or: lift((a, b) => flag(a !== 0 || b !== 0)),
  Not: lift((a) => flag(a === 0)),
  Where: lift((c, a, b) => (c ? a : b)),
  Expand: ({ inputs: [x], output }) => x && mapIndices(output.shape, reader(x)),
  Cast: (n) => lift((a) => (n.output.dtype === 'bool' ? flag(a !== 0) : whole(n, a)))(n),
  ReduceProd: reduced((a, b) => a * b, 1),
  ReduceSum: reduced((a, b) => a + b, 0),
  ReduceMax: reduced(Math.max, Number.NEGATIVE_INFINITY),
  ReduceMin: reduced(Math.min, Number.POSITIVE_INFINITY),
  Identity: sameData,
  Reshape: sameData,
  Flatten: sameData,
  Squeeze: sameData,
  Unsqueeze: sameData,
  Transpose: ({ inputs: [x], attributes, output }) => {
    if (!x) return undefined;
    const order = intsOf(attributes, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i);
    const places = x.shape.map((_, axis) => order.indexOf(axis));
    const from = reader(x);
    return mapIndices(output.shape, (index) => from(places.map((place) => index[place] ?? 0)));
  },
  Concat: ({ inputs, attributes, output }) => {
    const axis = axisOf(intOf(attributes, 'axis', 0), output.shape.length);
    if (inputs.some((k) => !k)) return undefined;
    const parts = inputs.flatMap((k) => (k ? [{ size: k.shape[axis] ?? 0, from: reader(k) }] : []));
    return mapIndices(output.shape, (index) => {
      let at = index[axis] ?? 0;
      for (const { size, from } of parts) {
        if (at < size) return from(index.map((v, i) => (i === axis ? at : v)));
        at -= size;
      }
      return 0;
    });
  },
  Slice: ({ inputs: [x, starts, ends, axes, steps], output }) => {
    if (!x || !starts || !ends) return undefined;
    const cuts = cutsOf(x.shape, starts.data, ends.data, axes?.data, steps?.data);
    const from = reader(x);
    return mapIndices(output.shape, (index) => {
      const source = [...index];
      for (const c of cuts) source[c.axis] = c.start + c.step * (index[c.axis] ?? 0);
      return from(source);
    });
  },
  Gather: ({ inputs: [x, indices], attributes, output }) => {
    if (!x || !indices) return undefined;
    const axis = axisOf(intOf(attributes, 'axis', 0), x.shape.length);
    const size = x.shape[axis] ?? 1;
    const rank = indices.shape.length;
    const [place, from] = [reader(indices), reader(x)];
    return mapIndices(output.shape, (index) => {
      const at = place(index.slice(axis, axis + rank));
      return from([...index.slice(0, axis), at < 0 ? at + size : at, ...index.slice(axis + rank)]);
    });
  },
  ConstantOfShape: ({ attributes, output }) => {
    const v = attributes['value'];
    const fill = v?.type === 'tensor' ? (numbersOf(v.value)?.data[0] ?? 0) : 0;
    return Array<number>(sizeOf(output.shape)).fill(fill);
  },
  Range: ({ inputs: [start, , delta], output }) =>
    start && delta ? mapIndices(output.shape, ([i = 0]) => (start.data[0] ?? 0) + i * (delta.data[0] ?? 1)) : undefined,
  Trilu: ({ inputs: [x, k], attributes }) => {
    if (!x) return undefined;
    const upper = intOf(attributes, 'upper', 1) === 1;
    const diagonal = k?.data[0] ?? 0;
    const from = reader(x);
    return mapIndices(x.shape, (index) => {
      const [row = 0, column = 0] = index.slice(-2);
      return (upper ? column - row >= diagonal : column - row <= diagonal) ? from(index) : 0;
    });
  },
};

/** The value of a node whose inputs are small constants, or undefined when it must be left in the graph. */
export function fold(operator: Operator, n: FoldInput): Known | undefined {
  if (sizeOf(n.output.shape) > FOLD_LIMIT) return undefined;
  const data = FOLDS[operator]?.(n);
  return data && { ...n.output, data };
}
