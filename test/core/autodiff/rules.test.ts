import { describe, expect, it } from 'vitest';
import { constant } from '../../../core/autodiff/rule.ts';
import { RULES } from '../../../core/autodiff/rules/index.ts';
import type { Operator, Shape, Tensor } from '../../../core/graph/index.ts';
import { concat, float, int, ints, OPERATORS } from '../../../core/graph/index.ts';
import { text } from '../../../core/graph/types.ts';
import { expectExactGradient, type GradientCase } from '../../support/numeric.ts';

type Body = GradientCase['body'];
const A: Shape = [2, 3, 4];
const positive = (r: () => number): number => 0.4 + r();
/** Away from the whole numbers and from zero, where these operators bend. */
const between = (r: () => number): number => (r() < 0.5 ? -1 : 1) * (0.2 + 0.6 * r());
const inner = (r: () => number): number => 1.6 * (r() - 0.5);
const distinct = (() => {
  let next = 0;
  return (): number => ((next++ * 7919) % 101) / 20 - 2.5;
})();

const one = (operator: Operator, more: Partial<GradientCase> = {}): GradientCase => ({
  inputs: [A],
  body: (_, [x]) => (x as Tensor).apply(operator),
  ...more,
});
const two = (operator: Operator, shapes: readonly [Shape, Shape], more: Partial<GradientCase> = {}): GradientCase => ({
  inputs: shapes,
  body: (_, [a, b]) => (a as Tensor).apply(operator, [b as Tensor]),
  ...more,
});
const from = (
  inputs: readonly Shape[],
  body: (x: Tensor, y: Tensor, z: Tensor) => Tensor,
  more: Partial<GradientCase> = {},
): GradientCase => {
  const wrapped: Body = (_, [x, y, z]) => body(x as Tensor, (y ?? x) as Tensor, (z ?? x) as Tensor);
  return { inputs, body: wrapped, ...more };
};
const reduce = (operator: Operator, more: Partial<GradientCase> = {}): GradientCase[] => [
  from([A], (x) => x.reduce(operator, [1], true), more),
  from([A], (x) => x.reduce(operator, [0, 2]), more),
  from([A], (x) => x.reduce(operator), more),
];
const indices = (x: Tensor, data: readonly number[], shape?: Shape): Tensor => x.whole(data, shape);
const window = (kernel: number[], strides: number[], pads: number[], more = {}) => ({
  kernel_shape: ints(kernel),
  strides: ints(strides),
  pads: ints(pads),
  ...more,
});

/** Operator by operator, the broadcast and odd forms included. */
const CASES: Partial<Record<Operator, readonly GradientCase[]>> = {
  Add: [two('Add', [A, A]), two('Add', [A, [4]]), two('Add', [[3, 1], A]), two('Add', [[], A])],
  Sub: [two('Sub', [A, [1, 3, 1]]), two('Sub', [[2, 1, 4], A])],
  Mul: [two('Mul', [A, A]), two('Mul', [[3, 1], A]), from([A], (x) => x.mul(x))],
  Div: [two('Div', [A, [3, 4]], { at: positive }), two('Div', [[4], A], { at: positive })],
  Pow: [
    two('Pow', [A, [4]], { at: positive }),
    from([A], (x) => x.pow(3)),
    from([A], (x) => x.pow(2)),
    from([A], (x) => x.pow(0.5), { at: positive }),
  ],
  Mod: [from([A], (x) => x.apply('Mod', [5], { fmod: int(1) }), { at: positive })],
  Min: [two('Min', [A, [3, 1]], { at: distinct, step: 1e-3, tolerance: 3e-2 })],
  Max: [two('Max', [A, A], { at: distinct, step: 1e-3, tolerance: 3e-2 })],
  Where: [from([A, [3, 4]], (x, y) => x.whole([1, 0, 1, 0], [4]).greater(0).where(x, y))],
  Abs: [one('Abs', { at: between })],
  Neg: [one('Neg')],
  Exp: [one('Exp')],
  Log: [one('Log', { at: positive })],
  Sqrt: [one('Sqrt', { at: positive })],
  Reciprocal: [one('Reciprocal', { at: positive })],
  Sin: [one('Sin')],
  Cos: [one('Cos')],
  Asin: [one('Asin', { at: inner, step: 3e-3 })],
  Acos: [one('Acos', { at: inner, step: 3e-3 })],
  Atan: [one('Atan')],
  Tanh: [one('Tanh')],
  Sigmoid: [one('Sigmoid')],
  Erf: [one('Erf')],
  Relu: [one('Relu', { at: between })],
  LeakyRelu: [from([A], (x) => x.apply('LeakyRelu', [], { alpha: float(0.3) }), { at: between })],
  Elu: [from([A], (x) => x.apply('Elu', [], { alpha: float(1.5) }), { at: between })],
  Softplus: [one('Softplus')],
  HardSigmoid: [one('HardSigmoid')],
  HardSwish: [one('HardSwish')],
  Gelu: [one('Gelu'), from([A], (x) => x.apply('Gelu', [], { approximate: text('tanh') }))],
  'com.microsoft:QuickGelu': [one('com.microsoft:QuickGelu')],
  Clip: [from([A], (x) => x.clip(-0.9, 0.9), { at: between }), from([A], (x) => x.clip(-0.1, 0.1), { at: between })],
  Cast: [from([A], (x) => x.cast('float64').mul(x.cast('float64')).cast('float32'))],
  ReduceSum: reduce('ReduceSum'),
  ReduceMean: reduce('ReduceMean'),
  ReduceMax: reduce('ReduceMax', { at: distinct, step: 1e-3, tolerance: 3e-2 }),
  ReduceMin: reduce('ReduceMin', { at: distinct, step: 1e-3, tolerance: 3e-2 }),
  ReduceL1: reduce('ReduceL1', { at: between }),
  ReduceL2: reduce('ReduceL2'),
  ReduceProd: reduce('ReduceProd', { at: (r) => 0.7 + 0.6 * r(), step: 3e-3 }),
  ReduceSumSquare: reduce('ReduceSumSquare'),
  ReduceLogSumExp: reduce('ReduceLogSumExp'),
  Softmax: [one('Softmax'), from([A], (x) => x.softmax(1))],
  LogSoftmax: [one('LogSoftmax'), from([A], (x) => x.apply('LogSoftmax', [], { axis: int(0) }))],
  CumSum: [
    from([A], (x) => x.apply('CumSum', [x.whole([1], [])])),
    from([A], (x) => x.apply('CumSum', [x.whole([2], [])], { exclusive: int(1), reverse: int(1) })),
  ],
  TopK: [
    from([A], (x) => x.applyMany('TopK', [x.whole([2])], { axis: int(2) }, 2)[0] as Tensor, {
      at: distinct,
      step: 1e-3,
      tolerance: 3e-2,
    }),
  ],
  MatMul: [
    two('MatMul', [
      [3, 4],
      [4, 5],
    ]),
    two('MatMul', [
      [2, 3, 4],
      [4, 5],
    ]),
    two('MatMul', [
      [2, 1, 3, 4],
      [3, 4, 5],
    ]),
    two('MatMul', [[4], [2, 4, 5]]),
    two('MatMul', [[2, 3, 4], [4]]),
    two('MatMul', [[4], [4]]),
  ],
  'com.microsoft:FusedMatMul': [
    from(
      [
        [2, 4, 3],
        [4, 5],
      ],
      (x, y) => x.matmulTransposed(y, 'left'),
    ),
    from(
      [
        [2, 3, 4],
        [5, 4],
      ],
      (x, y) => x.matmulTransposed(y, 'right'),
    ),
    from(
      [
        [2, 4, 3],
        [2, 5, 4],
      ],
      (x, y) => x.apply('com.microsoft:FusedMatMul', [y], { transA: int(1), transB: int(1), alpha: float(0.5) }),
    ),
  ],
  Gemm: [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ].map(([a = 0, b = 0]) =>
    from([a ? [4, 3] : [3, 4], b ? [5, 4] : [4, 5], [5]], (x, y, z) =>
      x.apply('Gemm', [y, z], { transA: int(a), transB: int(b), alpha: float(0.7), beta: float(1.3) }),
    ),
  ),
  Conv: [
    from([[2, 3, 6, 5], [4, 3, 3, 3], [4]], (x, w, b) => x.apply('Conv', [w, b], window([3, 3], [1, 1], [1, 1, 1, 1]))),
    from(
      [
        [1, 3, 7, 6],
        [4, 3, 3, 3],
      ],
      (x, w) => x.apply('Conv', [w], window([3, 3], [2, 2], [1, 1, 1, 1])),
    ),
    from(
      [
        [1, 3, 8, 8],
        [4, 3, 4, 4],
      ],
      (x, w) => x.apply('Conv', [w], window([4, 4], [4, 4], [0, 0, 0, 0])),
    ),
    from(
      [
        [1, 2, 7, 7],
        [2, 2, 3, 3],
      ],
      (x, w) => x.apply('Conv', [w], { ...window([3, 3], [1, 1], [0, 1, 2, 0]), dilations: ints([2, 1]) }),
    ),
    from([[1, 3, 7, 7]], (x) =>
      x.apply('Conv', [x.like(0.3).expand([4, 3, 3, 3])], {
        kernel_shape: ints([3, 3]),
        strides: ints([2, 2]),
        auto_pad: text('SAME_UPPER'),
      }),
    ),
    from([[1, 4, 5, 5]], (x) =>
      x.apply(
        'Conv',
        [
          x
            .whole(
              Array.from({ length: 36 }, (_, i) => (i % 5) - 2),
              [4, 1, 3, 3],
            )
            .cast('float32'),
        ],
        window([3, 3], [1, 1], [1, 1, 1, 1], { group: int(4) }),
      ),
    ),
    // Channels each by itself, where zeros between rows and columns take the place of a transposed convolution, and where they do not fit.
    ...[
      { size: [8, 6], kernel: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1] },
      { size: [4, 4], kernel: [5, 5], strides: [2, 2], pads: [1, 1, 2, 2] },
      { size: [7, 9], kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
      { size: [7, 6], kernel: [3, 4], strides: [3, 2], pads: [1, 2, 0, 1] },
      { size: [9, 9], kernel: [3, 3], strides: [2, 1], pads: [2, 2, 2, 2], dilations: [2, 2] },
      { size: [7, 7], kernel: [1, 1], strides: [2, 2], pads: [0, 0, 0, 0] },
      { size: [9, 9], kernel: [2, 2], strides: [4, 4], pads: [0, 0, 0, 0] },
    ].map(({ size, kernel, strides, pads, dilations }) =>
      from(
        [
          [2, 3, ...size],
          [3, 1, ...kernel],
        ],
        (x, w) =>
          x.apply(
            'Conv',
            [w],
            window(kernel, strides, pads, { group: int(3), ...(dilations ? { dilations: ints(dilations) } : {}) }),
          ),
      ),
    ),
  ],
  ConvTranspose: [
    from([[1, 3, 4, 4]], (x) =>
      x.apply(
        'ConvTranspose',
        [
          x
            .whole(
              Array.from({ length: 3 * 2 * 9 }, (_, i) => (i % 7) - 3),
              [3, 2, 3, 3],
            )
            .cast('float32'),
        ],
        window([3, 3], [2, 2], [1, 1, 1, 1], { output_padding: ints([1, 1]) }),
      ),
    ),
  ],
  AveragePool: [
    from([[1, 2, 6, 6]], (x) => x.apply('AveragePool', [], window([2, 2], [2, 2], [0, 0, 0, 0]))),
    from([[1, 2, 6, 5]], (x) => x.apply('AveragePool', [], window([3, 3], [2, 2], [1, 1, 1, 1]))),
    from([[1, 2, 6, 5]], (x) =>
      x.apply('AveragePool', [], window([3, 3], [1, 2], [1, 1, 1, 1], { count_include_pad: int(1) })),
    ),
  ],
  MaxPool: [
    from([[1, 2, 6, 6]], (x) => x.apply('MaxPool', [], window([3, 3], [2, 2], [1, 1, 0, 0])), {
      at: distinct,
      step: 1e-3,
      tolerance: 3e-2,
    }),
  ],
  GlobalAveragePool: [from([[2, 3, 4, 5]], (x) => x.apply('GlobalAveragePool'))],
  LayerNormalization: [
    from([[2, 3, 8], [8], [8]], (x, s, b) => x.apply('LayerNormalization', [s, b], { axis: int(-1) })),
    from(
      [
        [2, 3, 4],
        [3, 4],
      ],
      (x, s) => x.apply('LayerNormalization', [s], { axis: int(1) }),
    ),
  ],
  BatchNormalization: [
    from([[2, 3, 4, 4], [3], [3]], (x, s, b) =>
      x.apply('BatchNormalization', [s, b, x.like(0.2).expand([3]), x.like(1.7).expand([3])], { epsilon: float(1e-3) }),
    ),
  ],
  Reshape: [from([A], (x) => x.reshape([4, 6]))],
  Flatten: [from([A], (x) => x.apply('Flatten', [], { axis: int(2) }))],
  Squeeze: [from([[2, 1, 3]], (x) => x.apply('Squeeze', [x.whole([1])]))],
  Unsqueeze: [from([A], (x) => x.unsqueeze(1))],
  Transpose: [from([A], (x) => x.transpose([2, 0, 1]))],
  Concat: [from([A, [2, 1, 4]], (x, y) => concat([x, y], 1)), from([A], (x) => concat([x, x], 0))],
  Split: [
    from([A], (x) => x.split(2, [1, 3])[1] as Tensor),
    from([A], (x) => {
      const [a, b] = x.split(1, [1, 2]);
      return (a as Tensor).add((b as Tensor).sum(1, true));
    }),
  ],
  Slice: [
    from([A], (x) => x.slice(2, 1, 3)),
    from([[3, 9]], (x) => x.slice(1, 1, 8, 3)),
    from([[3, 9]], (x) => x.flip([0, 1])),
    from([[3, 9]], (x) => x.apply('Slice', [x.whole([-2]), x.whole([0]), x.whole([1]), x.whole([-3])])),
  ],
  Gather: [
    from([A], (x) => x.gather(indices(x, [2, 0, 2, 1]), 1)),
    from([A], (x) => x.gather(indices(x, [1], []), 2)),
    from([A], (x) => x.gather(indices(x, [0, 1, 1, 0], [2, 2]), 0)),
    from([A], (x) => x.gather(indices(x, [3, 3, 0]), 2)),
  ],
  GatherElements: [
    from([A], (x) => x.apply('GatherElements', [indices(x, [0, 2, 1, 0, 1, 1, 0, 2], [2, 1, 4])], { axis: int(1) })),
  ],
  GatherND: [from([A], (x) => x.apply('GatherND', [indices(x, [0, 1, 1, 2, 0, 1], [3, 2])]))],
  ScatterND: [
    from([A, [2, 4]], (x, y) => x.apply('ScatterND', [indices(x, [0, 1, 1, 2], [2, 2]), y])),
    from([A, [2, 4]], (x, y) =>
      x.apply('ScatterND', [indices(x, [0, 1, 0, 1], [2, 2]), y], { reduction: text('add') }),
    ),
  ],
  ScatterElements: [
    from([A, [2, 1, 4]], (x, y) =>
      x.apply('ScatterElements', [indices(x, [0, 2, 1, 0, 1, 1, 0, 2], [2, 1, 4]), y], { axis: int(1) }),
    ),
    from([A, [2, 1, 4]], (x, y) =>
      x.apply('ScatterElements', [indices(x, [0, 2, 1, 0, 1, 1, 0, 2], [2, 1, 4]), y], {
        axis: int(1),
        reduction: text('add'),
      }),
    ),
  ],
  Expand: [from([[3, 1]], (x) => x.expand([2, 3, 4]))],
  Tile: [from([[2, 3]], (x) => x.apply('Tile', [x.whole([2, 3])]))],
  Pad: [
    from([A], (x) => x.pad([0, 1, 0], [1, 0, 2])),
    from([A], (x) => x.apply('Pad', [x.whole([1, 2]), x.like(0), x.whole([-1])])),
  ],
  Trilu: [
    from([[3, 4, 4]], (x) => x.apply('Trilu', [], { upper: int(0) })),
    from([[4, 4]], (x) => x.apply('Trilu', [x.whole([1], [])], { upper: int(1) })),
  ],
  DepthToSpace: [
    from([[1, 8, 2, 3]], (x) => x.apply('DepthToSpace', [], { blocksize: int(2) })),
    from([[1, 8, 2, 3]], (x) => x.apply('DepthToSpace', [], { blocksize: int(2), mode: text('CRD') })),
  ],
  SpaceToDepth: [from([[1, 2, 4, 6]], (x) => x.apply('SpaceToDepth', [], { blocksize: int(2) }))],
};
/** Dropped while a graph is written, so no rule of theirs ever runs. */
const DROPPED: ReadonlySet<Operator> = new Set(['Identity', 'Dropout']);

describe('gradient rules', () => {
  const differentiable = OPERATORS.filter((o) => RULES[o] !== constant && !DROPPED.has(o));
  it('have a numeric check for every operator that is differentiable', () => {
    expect(differentiable.filter((o) => !CASES[o])).toEqual([]);
  });
  for (const operator of differentiable) {
    for (const [i, form] of (CASES[operator] ?? []).entries()) {
      it(`give the exact gradient of ${operator}, form ${i + 1}`, () => expectExactGradient(form));
    }
  }
});
