import { describe, expect, it } from 'vitest';
import { type Tidyable, tidied } from '../../../core/guidance/tidying.ts';

/** Shapes by what the score and the loss gain by each. */
interface Worth {
  readonly score: number;
  readonly loss: number;
}
type State = readonly number[];

const drawing = (shapes: readonly Worth[]): Tidyable<State> => {
  const sum = (state: State, of: keyof Worth): number => state.reduce((all, row) => all + (shapes[row]?.[of] ?? 0), 0);
  return {
    visible: (state) => state,
    without: (row, state) => state.filter((other) => other !== row),
    loss: async (state) => 10 - sum(state, 'loss'),
    score: async (state) => sum(state, 'score'),
  };
};
async function end(
  shapes: readonly Worth[],
  tolerance = 0.02,
  signal = new AbortController().signal,
): Promise<{ left: State; looked: number }> {
  const all = shapes.map((_, row) => row);
  const run = tidied(drawing(shapes), all, { tolerance, signal });
  for (let looked = 0; ; looked++) {
    const next = await run.next();
    if (next.done) return { left: next.value, looked };
    expect(next.value).toEqual({ type: 'tidying', done: looked + 1, of: shapes.length });
  }
}
const useless: Worth = { score: 0, loss: 0 };
const needed: Worth = { score: 0.1, loss: 0 };
const guided: Worth = { score: 0, loss: 1 };

describe('the end of a drawing', () => {
  it('takes away what neither eye wants, and leaves what either wants', async () => {
    const shapes = [needed, useless, guided, needed, guided, useless, needed, guided];
    expect((await end(shapes)).left).toEqual([0, 2, 3, 4, 6, 7]);
  });
  it('takes away what the guiding eye wants little of, as far as is wished', async () => {
    const slightly = { score: 0, loss: 0.1 };
    expect((await end([slightly, needed, needed, needed], 0.05)).left).toEqual([1, 2, 3]);
    expect((await end([slightly, needed, needed, needed], 0.005)).left).toEqual([0, 1, 2, 3]);
  });
  it('takes away what the judging eye is better without, and never what it is worse without', async () => {
    const [harmful, slightly] = [
      { score: -0.1, loss: 0 },
      { score: 0.001, loss: 0 },
    ];
    expect((await end([slightly, harmful, needed, needed])).left).toEqual([0, 2, 3]);
  });
  it('takes a quarter of the shapes at most, the faintest', async () => {
    expect((await end(Array.from({ length: 9 }, () => useless))).left).toEqual([2, 3, 4, 5, 6, 7, 8]);
  });
  it('stops as soon as it is told', async () => {
    const stopped = new AbortController();
    stopped.abort();
    expect(await end([useless, useless, useless, useless], 0.02, stopped.signal)).toEqual({
      left: [0, 1, 2, 3],
      looked: 0,
    });
  });
});
