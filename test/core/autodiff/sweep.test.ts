import { describe, expect, it } from 'vitest';
import { gradient, gradients } from '../../../core/autodiff/sweep.ts';
import { compile, trace } from '../../../core/graph/index.ts';
import { float32, floatsOf } from '../../../core/graph/session.ts';
import { expectExactGradient } from '../../support/numeric.ts';

describe('the reverse sweep', () => {
  it('adds up the contributions of a value that is used many times', () =>
    expectExactGradient({
      inputs: [[3, 4]],
      body: (_, [x]) =>
        x
          ? x
              .mul(x.sin())
              .add(x.exp().mul(x.mean(0, true)))
              .sub(x.tanh())
          : _.scalar(0),
    }));

  it('stops at a value inside the graph that is asked for', async () => {
    const graph = trace('inside', (t) => {
      const x = t.input('x', [2]);
      const inner = x.mul(3);
      const [g = inner] = gradients(inner.square().sum(), [inner]);
      return { g };
    });
    const session = await compile(graph);
    const out = await session.run({ x: float32(Float32Array.of(1, 2), [2]) });
    expect([...floatsOf(out['g'])]).toEqual([6, 12]);
  });

  it('says so when nothing depends on what is asked for', () => {
    const graph = trace('apart', (t) => ({ y: t.input('x', [2]).mul(2), z: t.input('other', [2]).mul(2) }));
    expect(() => gradient(graph, { of: 'y', wrt: ['other'] })).toThrowError(
      expect.objectContaining({ code: 'GRADIENT_UNREACHABLE' }),
    );
  });

  it('names operator, node and model when an operator is not known', () => {
    const graph = {
      ...trace('m', (t) => ({ y: t.input('x', [2]).mul(2) })),
      name: 'strange.onnx',
      nodes: [{ name: 'here', operator: 'com.example:Strange', inputs: ['x'], outputs: ['y'], attributes: {} }],
    };
    expect(() => gradient(graph, { of: 'y', wrt: ['x'] })).toThrowError(
      expect.objectContaining({
        code: 'GRAPH_OPERATOR',
        message: expect.stringMatching(/com\.example:Strange.*"here".*strange\.onnx/),
      }),
    );
  });
});
