import { describe, expect, it } from 'vitest';
import { compile, int, type Tensor, type Trace, trace } from '../../../core/graph/index.ts';
import { narrowed } from '../../../core/graph/narrow.ts';
import { float32, floatsOf } from '../../../core/graph/session.ts';

/** A block that mixes tokens, then two row-wise layers with a residual, then one token. */
function tower(t: Trace): Tensor {
  const x = t.input('x', [2, 5, 4]);
  const wave = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(i * 1.3));
  const mixed = x.matmulTransposed(x, 'right').softmax().matmul(x).add(x);
  const normal = mixed.apply('LayerNormalization', [t.constant(wave(4)), t.constant(wave(4))], { axis: int(-1) });
  const hidden = normal
    .matmul(t.constant(wave(32), [4, 8]))
    .add(t.constant(wave(8)))
    .sigmoid();
  return mixed.add(hidden.matmul(t.constant(wave(32), [8, 4]))).gather(t.constant([0], [], 'int64'), 1);
}

describe('picking early', () => {
  const whole = trace('whole', (t) => ({ y: tower(t) }));
  it('gives the same values', async () => {
    const x = float32(
      Float32Array.from({ length: 40 }, (_, i) => Math.cos(i)),
      [2, 5, 4],
    );
    const [a, b] = await Promise.all(
      [whole, narrowed(whole)].map(async (g) => floatsOf((await (await compile(g)).run({ x }))['y'])),
    );
    expect(a).toHaveLength(8);
    a?.forEach((v, i) => {
      expect(b?.[i]).toBeCloseTo(v, 5);
    });
  });
  it('works row-wise layers out for one token, and mixing for all', () => {
    const { nodes, types } = narrowed(whole);
    const rows = (operator: string): (number | undefined)[] =>
      nodes.filter((n) => n.operator === operator).map((n) => types.get(n.outputs[0] ?? '')?.shape[1]);
    expect(rows('LayerNormalization')).toEqual([1]);
    expect(rows('Softmax')).toEqual([5]);
    expect(rows('Sigmoid')).toEqual([1]);
  });
  it('leaves a graph alone that picks nothing', () => {
    const plain = trace('plain', (t) => ({ y: t.input('x', [2, 5, 4]).mean(1) }));
    expect(narrowed(plain)).toBe(plain);
  });
});
