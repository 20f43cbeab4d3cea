/** A taste from answers, what tells most, and how far what was learned can be trusted. */
import { describe, expect, it } from 'vitest';
import {
  type Answer,
  type Embeddings,
  foretold,
  gaussian,
  learnTaste,
  nextPair,
  pairKey,
  row,
  seeded,
} from '../../../core/index.ts';

const WIDE = 16;
function pictures(count: number, seed: number): Embeddings {
  const random = seeded(seed);
  const data = Float32Array.from({ length: count * WIDE }, () => gaussian(random) / Math.sqrt(WIDE));
  return { count, dimension: WIDE, data };
}
/** Somebody who likes the first axis, with an answer for every pair of neighbours. */
function liking(e: Embeddings, close = 0): Answer[] {
  return Array.from({ length: e.count - 1 }, (_, i): Answer => {
    const apart = (row(e, i)[0] ?? 0) - (row(e, i + 1)[0] ?? 0);
    if (Math.abs(apart) < close) return [i, i + 1, true];
    return apart > 0 ? [i, i + 1] : [i + 1, i];
  });
}

describe('a taste', () => {
  it('learns the direction that somebody likes', () => {
    const taste = learnTaste(pictures(40, 1), liking(pictures(40, 1)));
    const length = Math.hypot(...taste.weights);
    expect((taste.weights[0] ?? 0) / length).toBeGreaterThan(0.75);
  });
  it('takes "cannot say" for two that are about alike', () => {
    const e = pictures(12, 2);
    const sides: Answer[] = [
      [0, 1],
      [2, 3],
      [4, 5],
      [0, 7],
    ];
    const apart = (answers: readonly Answer[]): number => {
      const taste = learnTaste(e, answers);
      return Math.abs(taste.utility(row(e, 0)) - taste.utility(row(e, 1)));
    };
    expect(apart([...sides, [0, 1, true], [1, 0, true]])).toBeLessThan(0.7 * apart(sides));
  });
  it('foretells the answers of somebody who is of one mind, and half of those of chance', () => {
    const e = pictures(60, 3);
    const { right, all } = foretold(e, liking(e, 0.05));
    expect(all).toBe(liking(e, 0.05).filter(([, , tie]) => !tie).length);
    expect(right / all).toBeGreaterThan(0.8);
    const random = seeded(4);
    const many = pictures(150, 5);
    const chance = liking(many).map(([a, b]): Answer => (random() < 0.5 ? [a, b] : [b, a]));
    const guessed = foretold(many, chance);
    expect(Math.abs(guessed.right / guessed.all - 0.5)).toBeLessThan(0.15);
  });
});

describe('the next question', () => {
  it('asks about every pair once, and then about none', () => {
    const e = pictures(4, 6);
    const seen = new Set<string>();
    for (let k = 0; k < 6; k++) {
      const pair = nextPair(e, undefined, seeded(k), seen);
      if (!pair) throw new Error('too few questions');
      expect(seen.has(pairKey(pair))).toBe(false);
      seen.add(pairKey(pair));
    }
    expect(nextPair(e, undefined, seeded(9), seen)).toBeUndefined();
  });
  it('asks about what is not known, not about what is known to be alike', () => {
    // Rows along axes: the first is known well by many answers, the last two were never seen.
    const data = new Float32Array(6 * WIDE);
    for (const [i, axis] of [0, 0, 1, 1, 2, 3].entries()) data[i * WIDE + axis] = i % 2 === 0 ? 1 : -1;
    const e: Embeddings = { count: 6, dimension: WIDE, data };
    const answers = Array.from({ length: 20 }, (_, k): Answer => (k % 2 === 0 ? [0, 1] : [2, 3]));
    const pair = nextPair(e, learnTaste(e, answers), seeded(1), new Set(['0 1', '2 3']));
    expect(pair && [...pair].sort()).toEqual([4, 5]);
  });
});
