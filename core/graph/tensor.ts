/** A symbolic tensor: a handle on a value of a graph that is being traced. Arithmetic on tensors writes nodes. */
import { failure } from '../errors.ts';
import type { GraphBuilder } from './builder.ts';
import type { Known } from './data.ts';
import { axisOf } from './inference.ts';
import type { Operator } from './operators.ts';
import type { Attributes, DType, Initialiser, Shape } from './types.ts';
import { DTYPES, int, ints, sameShape, sizeOf } from './types.ts';

export type Operand = Tensor | number;

export class Tensor {
  readonly builder: GraphBuilder;
  readonly value: string;
  constructor(builder: GraphBuilder, value: string) {
    this.builder = builder;
    this.value = value;
  }

  get shape(): Shape {
    return this.builder.typeOf(this.value).shape;
  }
  get dtype(): DType {
    return this.builder.typeOf(this.value).dtype;
  }
  get rank(): number {
    return this.shape.length;
  }
  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }
  /** The numbers of this tensor, when it is a small constant. */
  get known(): Known | undefined {
    return this.builder.known(this.value);
  }

  /** A number as a constant of this tensor's type. */
  like(x: Operand): Tensor {
    return x instanceof Tensor
      ? x
      : new Tensor(this.builder, this.builder.constant({ dtype: this.dtype, shape: [], data: [x] }));
  }
  /** Numbers as a constant of this tensor's type. */
  floats(data: readonly number[], shape: Shape = [data.length]): Tensor {
    return new Tensor(this.builder, this.builder.constant({ dtype: this.dtype, shape, data }));
  }
  /** A constant kept as the bytes it is given. */
  constant(constant: Initialiser, name: string): Tensor {
    return new Tensor(this.builder, this.builder.initialiser(name, constant));
  }
  /** Whole numbers as a constant int64 vector, for operators that take axes, shapes or indices. */
  whole(data: readonly number[], shape: Shape = [data.length]): Tensor {
    return new Tensor(this.builder, this.builder.constant({ dtype: 'int64', shape, data }));
  }
  /** 0, 1, 2... along one axis of `rank` axes, the others of size one: broadcasts against tensors of that rank. */
  places(count: number, axis = 0, rank = 1): Tensor {
    const along = Array.from({ length: count }, (_, i) => i);
    return this.whole(
      along,
      Array.from({ length: rank }, (_, i) => (i === axis ? count : 1)),
    );
  }
  /** One node with one output. */
  apply(operator: Operator, others: readonly Operand[] = [], attributes: Attributes = {}): Tensor {
    return this.applyMany(operator, others, attributes, 1)[0] ?? this;
  }
  applyMany(operator: Operator, others: readonly Operand[], attributes: Attributes, outputs: number): Tensor[] {
    const inputs = [this.value, ...others.map((o) => this.like(o).value)];
    return this.builder.add(operator, inputs, attributes, outputs).map((value) => new Tensor(this.builder, value));
  }

  add(b: Operand): Tensor {
    return this.apply('Add', [b]);
  }
  sub(b: Operand): Tensor {
    return this.apply('Sub', [b]);
  }
  mul(b: Operand): Tensor {
    return b === 1 ? this : this.apply('Mul', [b]);
  }
  div(b: Operand): Tensor {
    return b === 1 ? this : this.apply('Div', [b]);
  }
  pow(b: Operand): Tensor {
    return this.apply('Pow', [b]);
  }
  min(b: Operand): Tensor {
    return this.apply('Min', [b]);
  }
  max(b: Operand): Tensor {
    return this.apply('Max', [b]);
  }
  equal(b: Operand): Tensor {
    return this.apply('Equal', [b]);
  }
  less(b: Operand): Tensor {
    return this.apply('Less', [b]);
  }
  greater(b: Operand): Tensor {
    return this.apply('Greater', [b]);
  }
  greaterOrEqual(b: Operand): Tensor {
    return this.apply('GreaterOrEqual', [b]);
  }
  and(b: Tensor): Tensor {
    return this.apply('And', [b]);
  }
  /** This tensor as a condition: `a` where it holds, `b` elsewhere. */
  where(a: Tensor, b: Operand): Tensor {
    return this.apply('Where', [a, a.like(b)]);
  }
  neg(): Tensor {
    return this.apply('Neg');
  }
  abs(): Tensor {
    return this.apply('Abs');
  }
  exp(): Tensor {
    return this.apply('Exp');
  }
  log(): Tensor {
    return this.apply('Log');
  }
  sqrt(): Tensor {
    return this.apply('Sqrt');
  }
  square(): Tensor {
    return this.mul(this);
  }
  reciprocal(): Tensor {
    return this.apply('Reciprocal');
  }
  sin(): Tensor {
    return this.apply('Sin');
  }
  cos(): Tensor {
    return this.apply('Cos');
  }
  asin(): Tensor {
    return this.apply('Asin');
  }
  tanh(): Tensor {
    return this.apply('Tanh');
  }
  sigmoid(): Tensor {
    return this.apply('Sigmoid');
  }
  erf(): Tensor {
    return this.apply('Erf');
  }
  softplus(): Tensor {
    return this.apply('Softplus');
  }
  sign(): Tensor {
    return this.apply('Sign');
  }
  clip(low: number, high: number): Tensor {
    return this.apply('Clip', [low, high]);
  }
  cast(dtype: DType): Tensor {
    return dtype === this.dtype ? this : this.apply('Cast', [], { to: int(DTYPES[dtype].onnx) });
  }

  sum(axes?: number | readonly number[], keep = false): Tensor {
    return this.reduce('ReduceSum', axes, keep);
  }
  mean(axes?: number | readonly number[], keep = false): Tensor {
    return this.reduce('ReduceMean', axes, keep);
  }
  maximum(axes?: number | readonly number[], keep = false): Tensor {
    return this.reduce('ReduceMax', axes, keep);
  }
  logSumExp(axes?: number | readonly number[], keep = false): Tensor {
    return this.reduce('ReduceLogSumExp', axes, keep);
  }
  /** Euclidean length along `axes`. */
  norm(axes?: number | readonly number[], keep = false): Tensor {
    return this.square().sum(axes, keep).sqrt();
  }
  reduce(operator: Operator, axes?: number | readonly number[], keep = false): Tensor {
    const list = axes === undefined ? undefined : typeof axes === 'number' ? [axes] : axes;
    if (list?.length === 0) return this;
    return this.apply(operator, list ? [this.whole(list)] : [], { keepdims: int(keep ? 1 : 0) });
  }
  softmax(axis = -1): Tensor {
    return this.apply('Softmax', [], { axis: int(axis) });
  }

  matmul(b: Tensor): Tensor {
    return this.apply('MatMul', [b]);
  }
  /** this · bᵀ or thisᵀ · b over the last two axes, without a transposed copy. */
  matmulTransposed(b: Tensor, side: 'left' | 'right'): Tensor {
    return this.apply('com.microsoft:FusedMatMul', [b], {
      transA: int(side === 'left' ? 1 : 0),
      transB: int(side === 'right' ? 1 : 0),
    });
  }

  reshape(shape: Shape): Tensor {
    return sameShape(shape, this.shape) ? this : this.apply('Reshape', [this.whole(shape)]);
  }
  transpose(order: readonly number[]): Tensor {
    return order.every((axis, i) => axis === i) ? this : this.apply('Transpose', [], { perm: ints(order) });
  }
  expand(shape: Shape): Tensor {
    return sameShape(shape, this.shape) ? this : this.apply('Expand', [this.whole(shape)]);
  }
  unsqueeze(...axes: number[]): Tensor {
    return this.apply('Unsqueeze', [this.whole(axes)]);
  }
  /** Elements from `start` up to `end` of one axis. */
  slice(axis: number, start: number, end: number, step = 1): Tensor {
    return this.apply('Slice', [this.whole([start]), this.whole([end]), this.whole([axis]), this.whole([step])]);
  }
  /** The same elements in reverse along `axes`. */
  flip(axes: readonly number[]): Tensor {
    const each = (v: number): Tensor => this.whole(axes.map(() => v));
    return this.apply('Slice', [each(-1), each(Number.MIN_SAFE_INTEGER), this.whole(axes), each(-1)]);
  }
  gather(indices: Tensor, axis = 0): Tensor {
    return this.apply('Gather', [indices], { axis: int(axis) });
  }
  /** Zeros before and after each axis. */
  pad(before: readonly number[], after: readonly number[]): Tensor {
    return [...before, ...after].every((p) => p === 0)
      ? this
      : this.apply('Pad', [this.whole([...before, ...after]), this.like(0)]);
  }
  split(axis: number, sizes: readonly number[]): Tensor[] {
    return this.applyMany('Split', [this.whole(sizes)], { axis: int(axis) }, sizes.length);
  }
  /** Zeros of the shape and type of this tensor, or of another shape. */
  zeros(shape: Shape = this.shape): Tensor {
    return this.like(0).expand(shape);
  }
}

export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const [first, ...rest] = parts;
  if (!first) throw failure('GRAPH_SHAPE', { where: 'concat', what: 'nothing to join' });
  return rest.length === 0 ? first : first.apply('Concat', rest, { axis: int(axisOf(axis, first.rank)) });
}
