import { describe, expect, it } from 'vitest';
import { keptSession, once, remembered } from '../../../core/clip/remembered.ts';
import { compile, type Session, trace } from '../../../core/graph/index.ts';
import { float32, floatsOf } from '../../../core/graph/session.ts';

/** Fails at its first call, and counts all of them. */
function failsOnce(): { readonly make: () => Promise<number>; readonly calls: () => number } {
  let calls = 0;
  return {
    make: async () => {
      calls += 1;
      if (calls === 1) throw new Error('not yet');
      return calls;
    },
    calls: () => calls,
  };
}

describe('what is made once', () => {
  it('is made again after it has failed, and never after that', async () => {
    const { make, calls } = failsOnce();
    const value = once(make);
    await expect(value()).rejects.toThrow('not yet');
    expect([await value(), await value(), calls()]).toEqual([2, 2, 2]);
  });
  it('is made once for all who ask at once, each key by itself', async () => {
    const store = new Map<string, Promise<number>>();
    let calls = 0;
    const make = async (): Promise<number> => ++calls;
    const asked = await Promise.all(['a', 'a', 'b', 'a'].map((key) => remembered(store, key, make)));
    expect([asked, calls]).toEqual([[1, 1, 2, 1], 2]);
  });
});

describe('a session for fixed sizes', () => {
  it('that others have pushed out between two runs is made anew for who still holds it', async () => {
    const store = new Map<string, Promise<Session>>();
    const made: string[] = [];
    const session = (key: string): Promise<Session> =>
      keptSession(store, key, () => {
        made.push(key);
        return compile(trace(key, (t) => ({ y: t.input('x', [2]).mul(2) })));
      });
    const twice = async (s: Session): Promise<number[]> => [
      ...floatsOf((await s.run({ x: float32(Float32Array.of(1, 2), [2]) }))['y']),
    ];
    const first = await session('first');
    expect(await twice(first)).toEqual([2, 4]);
    for (let i = 0; i < 8; i++) await twice(await session(`other ${i}`));
    expect(await twice(first)).toEqual([2, 4]);
    expect(made.filter((key) => key === 'first')).toHaveLength(2);
    expect(store.size).toBe(8);
  });
});
