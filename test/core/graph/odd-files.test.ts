/** Files as exporters of all ages leave them. */
import { describe, expect, it } from 'vitest';
import { compile, readOnnx, type Tensor, trace } from '../../../core/graph/index.ts';
import { encodeModel } from '../../../core/graph/onnx-schema.ts';
import { float32, floatsOf } from '../../../core/graph/session.ts';

const FLOAT = 1;
interface Node {
  readonly opType: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name?: string;
  readonly attribute?: readonly object[];
}
const value = (name: string, dims: readonly number[], elemType = FLOAT): object => ({
  name,
  type: { tensorType: { elemType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
});
/** A file of an older opset. */
const file = (opset: number, nodes: readonly Node[], outputs: readonly string[], input = value('x', [2, 3])) =>
  readOnnx({
    name: 'old',
    bytes: encodeModel({
      irVersion: 6,
      opsetImport: [{ domain: '', version: opset }],
      graph: {
        name: 'old',
        node: nodes.map((n) => ({ name: '', domain: '', attribute: [], ...n })),
        initializer: [],
        input: [input],
        output: outputs.map((name) => ({ name })),
      },
    }),
  });
const ints = (name: string, list: readonly number[]): object => ({ name, type: 7, ints: list });
const int = (name: string, i: number): object => ({ name, type: 2, i });
const float = (name: string, f: number): object => ({ name, type: 1, f });

describe('an older file', () => {
  it('whose nodes share a name keeps what each of them was told', () => {
    for (const name of ['u', '']) {
      const graph = file(
        11,
        [
          { opType: 'Unsqueeze', name, input: ['x'], output: ['a'], attribute: [ints('axes', [0])] },
          { opType: 'Unsqueeze', name, input: ['x'], output: ['b'], attribute: [ints('axes', [2])] },
        ],
        ['a', 'b'],
      );
      const traced = trace('shapes', (t) => t.call(graph, { x: t.input('x', [2, 3]) }));
      expect(
        ['a', 'b'].map((y) => traced.types.get(y)?.shape),
        name,
      ).toEqual([
        [1, 2, 3],
        [2, 3, 1],
      ]);
    }
  });
  it('with two softmaxes of one name has them both', async () => {
    const soft = (input: string, output: string): Node => ({
      opType: 'Softmax',
      name: 's',
      input: [input],
      output: [output],
      attribute: [int('axis', 0)],
    });
    const graph = file(11, [soft('x', 'a'), soft('a', 'b')], ['a', 'b']);
    const session = await compile(trace('both', (t) => t.call(graph, { x: t.input('x', [2, 3]) })));
    const out = await session.run({ x: float32(new Float32Array(6), [2, 3]) });
    for (const y of ['a', 'b']) expect([...floatsOf(out[y])].every((v) => Math.abs(v - 1 / 6) < 1e-6)).toBe(true);
    await session.release();
  });
  it('of half precision has its bounds in half precision', async () => {
    const graph = file(
      9,
      [{ opType: 'Clip', name: 'c', input: ['x'], output: ['y'], attribute: [float('min', 0), float('max', 6)] }],
      ['y'],
      value('x', [2, 3], 10),
    );
    const session = await compile(
      trace('half', (t) => {
        const { y } = t.call(graph, { x: t.input('x', [2, 3]).cast('float16') }) as { y: Tensor };
        return { y: y.cast('float32') };
      }),
    );
    const out = await session.run({ x: float32(Float32Array.of(-1, 0, 3, 6, 7, 2), [2, 3]) });
    expect([...floatsOf(out['y'])]).toEqual([0, 0, 3, 6, 6, 2]);
    await session.release();
  });
  it('that multiplies the sizes of a single number gives one', () => {
    const graph = file(
      13,
      [
        { opType: 'Shape', input: ['x'], output: ['s'] },
        { opType: 'ReduceProd', input: ['s'], output: ['y'], attribute: [int('keepdims', 0)] },
      ],
      ['y'],
      value('x', []),
    );
    const traced = trace('product', (t) => {
      const { y } = t.call(graph, { x: t.input('x', []) }) as { y: Tensor };
      expect(y.known?.data).toEqual([1]);
      return { y };
    });
    expect(traced.outputs).toEqual(['y']);
  });
});

describe('a quantised activation', () => {
  it('whose type only an attribute says is cut to the range of that type', async () => {
    const int8 = 3;
    const graph = file(
      21,
      [
        { opType: 'Constant', input: [], output: ['scale'], attribute: [float('value_float', 0.5)] },
        { opType: 'QuantizeLinear', input: ['x', 'scale'], output: ['q'], attribute: [int('output_dtype', int8)] },
        { opType: 'DequantizeLinear', input: ['q', 'scale'], output: ['y'] },
      ],
      ['y'],
    );
    const session = await compile(
      trace('quantised', (t) => ({ y: t.call(graph, { x: t.input('x', [2, 3]) })['y'] as Tensor })),
    );
    const found = floatsOf(
      (await session.run({ x: float32(Float32Array.of(-100, -3, -0.5, 0.5, 3, 100), [2, 3]) }))['y'],
    );
    await session.release();
    expect([...found]).toEqual([-64, -3, -0.5, 0.5, 3, 63.5]);
  });
});
