import { describe, expect, it } from 'vitest';
import { initialiserOf } from '../../../core/graph/data.ts';
import { compile, concat, float, int, ints, type Shape, sizeOf, trace } from '../../../core/graph/index.ts';
import { float32, floatsOf } from '../../../core/graph/session.ts';
import type { Attributes, DType, Graph, Initialiser } from '../../../core/graph/types.ts';
import { text } from '../../../core/graph/types.ts';
import { gaussian, seeded } from '../../../core/random.ts';
import { expectExactGradient } from '../../support/numeric.ts';

interface Case {
  readonly operator: string;
  /** Shapes of float inputs, constants, or null for an input left out. */
  readonly inputs: readonly (Shape | Initialiser | null)[];
  readonly attributes?: Attributes;
  /** Further outputs that the kernel insists on. */
  readonly more?: readonly string[];
  /** How far onnxruntime's own kernel may be: it may round activations to 8 bits. */
  readonly within?: number;
}
const isShape = (i: Shape | Initialiser | null): i is Shape => Array.isArray(i);
const random = seeded(11);
const whole = (dtype: DType, shape: Shape, low: number, high: number): Initialiser =>
  initialiserOf({
    dtype,
    shape,
    data: Array.from({ length: sizeOf(shape) }, () => low + Math.floor(random() * (high - low + 1))),
  });
const real = (shape: Shape, low = 0.01, high = 0.05): Initialiser =>
  initialiserOf({
    dtype: 'float32',
    shape,
    data: Array.from({ length: sizeOf(shape) }, () => low + (high - low) * random()),
  });
const given = (dtype: DType, shape: Shape, data: readonly number[]): Initialiser =>
  initialiserOf({ dtype, shape, data });

const MS = 'com.microsoft:';
const heads = { num_heads: int(2) };
const CASES: readonly Case[] = [
  { operator: `${MS}Gelu`, inputs: [[2, 5]] },
  { operator: `${MS}BiasGelu`, inputs: [[2, 5], [5]] },
  { operator: `${MS}FastGelu`, inputs: [[2, 5], [5]], within: 1e-5 },
  { operator: `${MS}FastGelu`, inputs: [[2, 5]], within: 1e-5 },
  { operator: `${MS}QuickGelu`, inputs: [[2, 5]], attributes: { alpha: float(1.3) } },
  {
    operator: `${MS}SkipLayerNormalization`,
    inputs: [[2, 3, 8], [2, 3, 8], [8], [8], [8]],
    attributes: { epsilon: float(1e-5) },
  },
  { operator: `${MS}SkipLayerNormalization`, inputs: [[2, 3, 8], [2, 3, 8], [8]] },
  { operator: `${MS}SkipSimplifiedLayerNormalization`, inputs: [[2, 3, 8], [2, 3, 8], [8], [8]] },
  {
    operator: 'SimplifiedLayerNormalization',
    inputs: [[2, 3, 8], [8]],
    attributes: { axis: int(-1), epsilon: float(1e-5) },
  },
  {
    operator: `${MS}EmbedLayerNormalization`,
    inputs: [
      given('int32', [2, 3], [1, 4, 2, 0, 3, 3]),
      given('int32', [2, 3], [0, 0, 1, 1, 0, 1]),
      [5, 8],
      [4, 8],
      [2, 8],
      [8],
      [8],
    ],
    more: ['used'],
  },
  {
    operator: `${MS}MultiHeadAttention`,
    inputs: [
      [2, 3, 8],
      [2, 4, 8],
      [2, 4, 8],
    ],
    attributes: heads,
  },
  {
    operator: `${MS}MultiHeadAttention`,
    inputs: [[2, 3, 8], [2, 3, 8], [2, 3, 8], [24], given('int32', [2, 3], [1, 1, 0, 1, 1, 1])],
    attributes: heads,
  },
  {
    operator: `${MS}MultiHeadAttention`,
    inputs: [[2, 3, 8], [2, 3, 8], [2, 3, 8], null, null, [2, 2, 3, 3]],
    attributes: { ...heads, scale: float(0.3) },
  },
  { operator: `${MS}Attention`, inputs: [[2, 3, 8], [8, 24], [24]], attributes: heads },
  { operator: `${MS}Attention`, inputs: [[2, 3, 8], [8, 24], [24]], attributes: { ...heads, unidirectional: int(1) } },
  {
    operator: `${MS}Attention`,
    inputs: [[2, 3, 8], [8, 24], [24], given('int32', [2, 3], [1, 1, 0, 1, 1, 1])],
    attributes: heads,
  },
  { operator: `${MS}Attention`, inputs: [[2, 3, 8], [8, 24], [24], given('int32', [2], [2, 3])], attributes: heads },
  {
    operator: `${MS}RotaryEmbedding`,
    inputs: [[2, 3, 8], given('int64', [2, 3], [0, 1, 2, 2, 1, 0]), [5, 2], [5, 2]],
    attributes: { num_heads: int(2) },
  },
  {
    operator: `${MS}FusedConv`,
    inputs: [[1, 2, 5, 5], [3, 2, 3, 3], [3]],
    attributes: { activation: text('Relu'), kernel_shape: ints([3, 3]) },
  },
  {
    operator: `${MS}FusedConv`,
    inputs: [[1, 2, 5, 5], [3, 2, 3, 3], [3]],
    attributes: {
      activation: text('Clip'),
      activation_params: { type: 'floats', value: [-0.5, 0.7] },
      kernel_shape: ints([3, 3]),
    },
  },
  {
    operator: `${MS}FusedGemm`,
    inputs: [[2, 3], [3, 4], [4]],
    attributes: { activation: text('LeakyRelu'), activation_alpha: float(0.2) },
  },
  {
    operator: `${MS}TransposeMatMul`,
    inputs: [
      [2, 4, 3],
      [4, 5],
    ],
    attributes: { transA: int(1), alpha: float(0.5) },
  },
  {
    operator: `${MS}FusedMatMul`,
    inputs: [
      [2, 3, 4],
      [2, 3, 4],
    ],
    attributes: { transA: int(1) },
  },
  {
    operator: `${MS}MatMulNBits`,
    inputs: [[2, 3, 64], whole('uint8', [5, 2, 16], 0, 255), real([10])],
    attributes: { K: int(64), N: int(5), bits: int(4), block_size: int(32) },
    within: 1e-4,
  },
  {
    operator: `${MS}MatMulNBits`,
    inputs: [[3, 48], whole('uint8', [5, 3, 8], 0, 255), real([15]), whole('uint8', [10], 0, 255)],
    attributes: { K: int(48), N: int(5), bits: int(4), block_size: int(16) },
    within: 1e-4,
  },
  {
    operator: `${MS}MatMulNBits`,
    inputs: [[3, 64], whole('uint8', [5, 2, 32], 0, 255), real([10])],
    attributes: { K: int(64), N: int(5), bits: int(8), block_size: int(32) },
    within: 1e-4,
  },
  {
    operator: `${MS}DynamicQuantizeMatMul`,
    inputs: [[3, 8], whole('uint8', [8, 5], 0, 255), given('float32', [1], [0.02]), given('uint8', [1], [120]), [5]],
    within: 0.05,
  },
  {
    operator: `${MS}GatherBlockQuantized`,
    inputs: [
      { dtype: 'uint4', shape: [5, 32], bytes: whole('uint8', [80], 0, 255).bytes ?? new Uint8Array() },
      given('int64', [2], [3, 1]),
      real([5, 2]),
    ],
    attributes: { block_size: int(16), gather_axis: int(0), quantize_axis: int(1) },
  },
];

const names = (c: Case): string[] => c.inputs.map((i, k) => (i === null ? '' : `x${k}`));
const pointsOf = (c: Case): Map<string, { shape: Shape; data: Float32Array }> => {
  const r = seeded(5);
  return new Map(
    c.inputs.flatMap((i, k) =>
      isShape(i)
        ? [[`x${k}`, { shape: i, data: Float32Array.from({ length: sizeOf(i) }, () => gaussian(r)) }] as const]
        : [],
    ),
  );
};
/** The operator by itself, as a file would hold it. */
function asFile(c: Case): Graph {
  const shaped = c.inputs.flatMap((i, k) =>
    isShape(i) ? [{ name: `x${k}`, dtype: 'float32' as const, shape: i }] : [],
  );
  return {
    name: c.operator,
    inputs: shaped,
    outputs: ['y'],
    nodes: [
      {
        name: 'it',
        operator: c.operator,
        inputs: names(c),
        outputs: ['y', ...(c.more ?? [])],
        attributes: c.attributes ?? {},
      },
    ],
    initialisers: new Map(c.inputs.flatMap((i, k) => (i !== null && !isShape(i) ? [[`x${k}`, i] as const] : []))),
    types: new Map(),
  };
}

describe('operators of onnxruntime, spelt out', () => {
  it.each(CASES.map((c, i) => [`${c.operator}, form ${i + 1}`, c] as const))(
    '%s gives what its kernel gives, with an exact gradient',
    async (_, c) => {
      const file = asFile(c);
      const points = pointsOf(c);
      const feeds = Object.fromEntries([...points].map(([name, p]) => [name, float32(p.data, p.shape)]));
      const own = await compile(file);
      const spelt = await compile(
        trace(c.operator, (t) => ({
          spelt:
            t.call(file, Object.fromEntries([...points].map(([name, p]) => [name, t.input(name, p.shape)])))['y'] ??
            t.scalar(0),
        })),
      );
      const wanted = floatsOf((await own.run(feeds, ['y']))['y']);
      const found = floatsOf((await spelt.run(feeds))['spelt']);
      expect(found.length).toBe(wanted.length);
      const size = Math.sqrt(wanted.reduce((s, v) => s + v * v, 0) / wanted.length);
      for (const [i, v] of wanted.entries())
        expect(Math.abs((found[i] ?? Number.NaN) - v) / size, `element ${i}`).toBeLessThan(c.within ?? 1e-5);
      const shapes = [...points.values()].map((p) => p.shape);
      if (shapes.length === 0) return;
      await expectExactGradient({
        inputs: shapes,
        body: (t, given_) =>
          t.call(file, Object.fromEntries([...points.keys()].map((name, i) => [name, given_[i] ?? t.scalar(0)])))[
            'y'
          ] ?? concat([], 0),
        step: 2e-3,
        tolerance: 2e-2,
      });
    },
  );
});
