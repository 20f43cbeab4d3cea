import { describe, expect, it } from 'vitest';
import { bytesOf, fromHalf, numbersOf, toHalf } from '../../../core/graph/data.ts';
import { fused } from '../../../core/graph/fuse.ts';
import {
  compile,
  float,
  int,
  ints,
  readOnnx,
  sameShape,
  specialise,
  trace,
  writeOnnx,
} from '../../../core/graph/index.ts';
import { float32, floatsOf } from '../../../core/graph/session.ts';
import type { Graph, GraphNode } from '../../../core/graph/types.ts';
import { validate } from '../../../core/graph/validate.ts';

const node = (
  operator: string,
  inputs: string[],
  outputs: string[],
  attributes: GraphNode['attributes'] = {},
): GraphNode => ({ name: outputs[0] ?? '', operator, inputs, outputs, attributes });
const constants = (entries: Record<string, readonly number[]>): Graph['initialisers'] =>
  new Map(
    Object.entries(entries).map(([name, data]) => [
      name,
      { dtype: 'int64', shape: [data.length], bytes: bytesOf('int64', data) },
    ]),
  );

describe('reading and writing ONNX', () => {
  const graph = trace('round trip', (t) => {
    const x = t.input('x', [2, 3]);
    return {
      y: x.apply('Gemm', [t.constant([1, 2, 3, 4, 5, 6], [3, 2])], { alpha: float(0.5), transB: int(0) }),
      z: x.transpose([1, 0]),
    };
  });

  it('keeps nodes, attributes, weights and their order', () => {
    const read = readOnnx({ bytes: writeOnnx(graph), name: 'memory' });
    expect(read.nodes).toEqual(graph.nodes);
    expect(read.outputs).toEqual(['y', 'z']);
    expect([...read.initialisers].map(([n, c]) => [n, numbersOf(c)?.data])).toEqual(
      [...graph.initialisers].map(([n, c]) => [n, numbersOf(c)?.data]),
    );
  });

  it('makes weights views on the bytes of the file', () => {
    const bytes = writeOnnx(graph);
    const read = readOnnx({ bytes, name: 'memory' });
    const [weights] = read.initialisers.values();
    expect(weights?.bytes?.buffer).toBe(bytes.buffer);
  });

  it('refers to the file for weights of a graph that was read from one', () => {
    const big = trace('big', (t) => ({
      y: t.input('x', [1, 400]).matmul(t.constant(new Float32Array(400 * 4), [400, 4])),
    }));
    const bytes = writeOnnx(big);
    const read = specialise(readOnnx({ bytes, name: 'big.onnx', file: 'big.onnx' }), {});
    const referring = writeOnnx(read, { refer: true });
    expect(referring.length).toBeLessThan(1000);
    expect(writeOnnx(read).length).toBeGreaterThan(6400);
    expect(new TextDecoder().decode(referring)).toContain('big.onnx');
  });

  it('gives a coded error for bytes that are cut short or are something else', () => {
    const bytes = writeOnnx(graph);
    for (const bad of [
      bytes.subarray(0, bytes.length - 9),
      new Uint8Array(0),
      new TextEncoder().encode('not a model at all'),
    ])
      expect(() => readOnnx({ bytes: bad, name: 'bad.onnx' })).toThrowError(
        expect.objectContaining({ code: 'ONNX_UNREADABLE' }),
      );
  });

  it('puts nodes in order that a converter has appended out of order', () => {
    const shuffled = { ...graph, nodes: graph.nodes.toReversed() };
    const read = readOnnx({ bytes: writeOnnx(shuffled), name: 'shuffled' });
    expect(() => validate({ ...read, types: new Map() })).not.toThrow();
  });
});

describe('rewriting to one opset', () => {
  const old: Graph = {
    name: 'old',
    inputs: [{ name: 'x', dtype: 'float32', shape: [2, 3, 4] }],
    outputs: ['y'],
    initialisers: new Map(),
    types: new Map(),
    nodes: [
      node('ReduceMean', ['x'], ['m'], { axes: ints([1]), keepdims: int(0) }),
      node('Softmax', ['m'], ['s']),
      node('Unsqueeze', ['s'], ['y'], { axes: ints([0]) }),
    ],
  };
  it('turns axes that were attributes into inputs', async () => {
    const { upgrade } = await import('../../../core/graph/upgrade.ts');
    const fixed = specialise(upgrade(old, 11), {});
    expect(fixed.types.get('y')?.shape).toEqual([1, 2, 4]);
    const x = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));
    const rows = floatsOf((await (await compile(fixed)).run({ x: float32(x, [2, 3, 4]) }))['y']);
    expect(rows.slice(0, 4).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  });
});

describe('specialising', () => {
  it('folds the shape arithmetic that exporters leave behind', () => {
    const dynamic: Graph = {
      name: 'exported',
      inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 6] }],
      outputs: ['y'],
      initialisers: constants({ zero: [0], rest: [-1], two: [2], axis: [0] }),
      types: new Map(),
      nodes: [
        node('Shape', ['x'], ['shape']),
        node('Gather', ['shape', 'zero'], ['batch'], { axis: int(0) }),
        node('Mul', ['batch', 'two'], ['double']),
        node('Concat', ['double', 'rest'], ['target'], { axis: int(0) }),
        node('Equal', ['target', 'rest'], ['same']),
        node('Where', ['same', 'rest', 'target'], ['chosen']),
        node('Cast', ['chosen'], ['whole'], { to: int(7) }),
        node('Reshape', ['x', 'whole'], ['y']),
        node('Sqrt', ['x'], ['unused']),
      ],
    };
    const fixed = specialise(dynamic, { x: [4, 6] });
    expect(fixed.nodes.map((n) => n.operator)).toEqual(['Reshape', 'Identity']);
    expect(fixed.types.get('y')?.shape).toEqual([8, 3]);
  });

  it('says which input lacks a size', () => {
    const graph: Graph = {
      name: 'open',
      inputs: [{ name: 'x', dtype: 'float32', shape: ['n'] }],
      outputs: ['x'],
      nodes: [],
      initialisers: new Map(),
      types: new Map(),
    };
    expect(() => specialise(graph, {})).toThrowError(
      expect.objectContaining({ code: 'GRAPH_SHAPE', message: expect.stringContaining('"x"') }),
    );
  });
});

describe('folding', () => {
  it.each([
    ['ReduceMax', 5],
    ['ReduceMin', -2],
    ['ReduceSum', 6],
    ['ReduceProd', -30],
  ] as const)('%s of several numbers', (operator, expected) => {
    const graph = trace('folded', (t) => ({
      y: t.constant([3, 5, -2], [3], 'int64').reduce(operator),
      other: t.input('x', [1]),
    }));
    const [folded] = [...graph.initialisers.values()].flatMap((c) => (c.shape.length === 0 ? [numbersOf(c)] : []));
    expect(folded?.data).toEqual([expected]);
  });
});

describe('joining x · sigmoid(a x)', () => {
  it('gives the same values in one operator', async () => {
    const plain = trace('gated', (t) => {
      const x = t.input('x', [5]);
      return { y: x.mul(x.mul(1.702).sigmoid()), z: x.sigmoid().mul(x) };
    });
    const joined = fused(plain);
    expect(joined.nodes.map((n) => n.operator).filter((o) => o !== 'Identity')).toEqual([
      'com.microsoft:QuickGelu',
      'com.microsoft:QuickGelu',
    ]);
    const x = float32(Float32Array.of(-3, -0.5, 0, 0.7, 4), [5]);
    const [a, b] = await Promise.all([plain, joined].map(async (g) => (await compile(g)).run({ x })));
    for (const name of ['y', 'z'])
      for (const [i, v] of floatsOf(a?.[name]).entries()) expect(floatsOf(b?.[name])[i]).toBeCloseTo(v, 5);
  });
});

describe('validation', () => {
  const graph = trace('fine', (t) => ({ y: t.input('x', [2]).mul(2).add(1) }));
  const broken: readonly [string, Graph][] = [
    ['an input that nothing makes', { ...graph, nodes: graph.nodes.slice(1) }],
    ['a value assigned twice', { ...graph, nodes: [...graph.nodes, ...graph.nodes.slice(0, 1)] }],
    ['an output that nothing makes', { ...graph, outputs: ['nowhere'] }],
    [
      'a constant of the wrong length',
      { ...graph, initialisers: new Map([...graph.initialisers].map(([n, c]) => [n, { ...c, shape: [3] }])) },
    ],
  ];
  for (const [what, bad] of broken)
    it(`refuses ${what}`, () =>
      expect(() => validate(bad)).toThrowError(expect.objectContaining({ code: 'GRAPH_INVALID' })));
});

describe('shape errors', () => {
  it('name the operator, the node and the shapes', () => {
    expect(() => trace('wrong', (t) => ({ y: t.input('a', [2, 3]).matmul(t.input('b', [4, 5])) }))).toThrowError(
      expect.objectContaining({ code: 'GRAPH_SHAPE', message: expect.stringMatching(/MatMul.*\[2, 3\].*\[4, 5\]/) }),
    );
  });
});

describe('half precision', () => {
  it('goes there and back for every finite bit pattern', () => {
    for (let bits = 0; bits < 0x7c00; bits++)
      if (toHalf(fromHalf(bits)) !== bits) expect(bits).toBe(toHalf(fromHalf(bits)));
    expect(fromHalf(0x3c00)).toBe(1);
    expect(toHalf(65504)).toBe(0x7bff);
    expect(toHalf(1e9)).toBe(0x7c00);
  });
});

it('two equal nodes become one', () => {
  const graph = trace('shared', (t) => {
    const x = t.input('x', [2]);
    return { y: x.sin().add(x.sin()) };
  });
  expect(graph.nodes.filter((n) => n.operator === 'Sin')).toHaveLength(1);
  expect(sameShape(graph.types.get('y')?.shape ?? [], [2])).toBe(true);
});
