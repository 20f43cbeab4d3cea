/** Gradients where operators bend or end: zeros, bounds, the limits of half precision; and places that are read many times. */
import { describe, expect, it } from 'vitest';
import { gradients } from '../../../core/autodiff/sweep.ts';
import { compile, type Shape, type Tensor, type Trace, trace } from '../../../core/graph/index.ts';
import { float32, floatsOf } from '../../../core/graph/session.ts';
import { text } from '../../../core/graph/types.ts';

/** The gradient of `body`, a single number, at `data`. */
async function slopeAt(
  data: readonly number[],
  shape: Shape,
  body: (x: Tensor, t: Trace) => Tensor,
): Promise<number[]> {
  const graph = trace('point', (t) => {
    const x = t.input('x', shape);
    return { g: gradients(body(x, t).cast('float32').sum(), [x])[0] ?? x };
  });
  const session = await compile(graph);
  const { g } = await session.run({ x: float32(Float32Array.from(data), shape) });
  await session.release();
  return [...floatsOf(g)];
}

describe('a gradient', () => {
  it('of the length of a row of zeros is zero, as in PyTorch', async () => {
    expect(await slopeAt([0, 0, 3, 4], [2, 2], (x) => x.reduce('ReduceL2', [1]))).toEqual([
      0,
      0,
      expect.closeTo(0.6, 6),
      expect.closeTo(0.8, 6),
    ]);
  });
  it('of a product is the product of the others, whether one or several are zero', async () => {
    const rows = [2, 3, 4, 0, 3, 4, 0, 0, 4];
    expect(await slopeAt(rows, [3, 3], (x) => x.reduce('ReduceProd', [1]))).toEqual([12, 8, 6, 12, 0, 0, 0, 0, 0]);
  });
  it('of what is to the power of zero is zero, at zero too', async () => {
    expect(await slopeAt([0, 2, -1], [3], (x) => x.pow(0))).toEqual([0, 0, 0]);
    expect(await slopeAt([0, 2], [2], (x, t) => x.pow(t.constant([0, 3], [2])))).toEqual([0, 12]);
  });
  it('of a mean of 65,536 halves is not lost', async () => {
    const many = Array.from({ length: 256 * 256 }, () => 1);
    for (const pool of [(x: Tensor) => x.apply('GlobalAveragePool'), (x: Tensor) => x.reduce('ReduceMean', [2, 3])]) {
      const slope = await slopeAt(many, [1, 1, 256, 256], (x) => pool(x.cast('float16')).cast('float32').mul(1024));
      expect(slope[77]).toBeCloseTo(1024 / 65_536, 4);
    }
  });
  it('passes at the bounds of a clip as in torch.clamp, and not at those of ReLU6', async () => {
    const at = (low: number, high: number) => (x: Tensor) => x.apply('Clip', [x.like(low), x.like(high)]);
    expect(await slopeAt([-1, 1, 0, 2], [4], at(-1, 1))).toEqual([1, 1, 1, 0]);
    expect(await slopeAt([0, 6, 3, 7], [4], at(0, 6))).toEqual([0, 0, 1, 0]);
  });
});

const COUNT = 60_000;
const WIDTH = 16;
/** All read the same row, of two. */
const same = (t: Trace): Tensor =>
  t.constant(
    Array.from({ length: COUNT }, () => 1),
    [COUNT],
    'int64',
  );

const scattering = trace('scattering', (t) => {
  const x = t.input('x', [2, WIDTH]);
  const empty = t.constant(
    Array.from({ length: 2 * WIDTH }, () => 0),
    [2, WIDTH],
  );
  const rows = x.slice(0, 1, 2).expand([COUNT, WIDTH]);
  return { y: empty.apply('ScatterND', [same(t).reshape([COUNT, 1]), rows], { reduction: text('add') }) };
});

describe('a place that is read or written many times', () => {
  const forms: readonly (readonly [string, (x: Tensor, t: Trace) => Tensor])[] = [
    ['Gather', (x, t) => x.gather(same(t))],
    ['GatherND', (x, t) => x.apply('GatherND', [same(t).reshape([COUNT, 1])])],
    ['GatherND below zero', (x, t) => x.apply('GatherND', [same(t).sub(2).reshape([COUNT, 1])])],
    // As a model has it: its graph is read, and called.
    ['ScatterND that adds', (x, t) => t.call(scattering, { x })['y'] ?? x],
  ];
  it.each(forms)('%s: has all of it, in each of 50 runs with all threads busy', async (_name, body) => {
    const graph = trace('many', (t) => {
      const x = t.input('x', [2, WIDTH]);
      const y = body(x, t);
      return { value: y.sum(), g: gradients(y.sum(), [x])[0] ?? x };
    });
    const session = await compile(graph, { threads: 4 });
    const ones = float32(new Float32Array(2 * WIDTH).fill(1), [2, WIDTH]);
    const wanted = [...Array.from({ length: WIDTH }, () => 0), ...Array.from({ length: WIDTH }, () => COUNT)];
    const busy = await compile(
      trace('busy', (t) => {
        const a = t.input('a', [256, 256]);
        return { y: a.matmul(a).matmul(a).matmul(a) };
      }),
      { threads: 4 },
    );
    const a = float32(new Float32Array(256 * 256).fill(0.01), [256, 256]);
    for (let i = 0; i < 50; i++) {
      const [{ g, value }] = await Promise.all([session.run({ x: ones }), busy.run({ a })]);
      expect([...floatsOf(g)]).toEqual(wanted);
      expect(floatsOf(value)[0]).toBe(COUNT * WIDTH);
    }
    await Promise.all([session.release(), busy.release()]);
  });
});
