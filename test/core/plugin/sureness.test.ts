/** How sure figures from few pictures are, and what is said of them. */
import { describe, expect, it } from 'vitest';
import { meanInterval, oftenInWords, seeded, shareInterval } from '../../../core/index.ts';

describe('the interval of a share', () => {
  it("is Wilson's", () => {
    // Newcombe (1998, Statistics in Medicine 17, table I): 81 of 263, 15 of 148, 0 of 20, 29 of 29.
    const rounded = ({ from, to }: { from: number; to: number }): number[] =>
      [from, to].map((v) => Number(v.toFixed(4)));
    expect(rounded(shareInterval(81, 263))).toEqual([0.2553, 0.3662]);
    expect(rounded(shareInterval(15, 148))).toEqual([0.0624, 0.1605]);
    expect(rounded(shareInterval(0, 20))).toEqual([0, 0.1611]);
    expect(rounded(shareInterval(29, 29))).toEqual([0.883, 1]);
    expect(shareInterval(0, 0)).toEqual({ from: 0, to: 1 });
  });
});

describe('the interval of a mean', () => {
  it('holds the true mean in about 95 of 100 samples', () => {
    const random = seeded(4);
    let held = 0;
    for (let k = 0; k < 200; k++) {
      const { from, to } = meanInterval(
        Array.from({ length: 40 }, () => random()),
        random,
      );
      if (from <= 0.5 && 0.5 <= to) held += 1;
    }
    expect(held).toBeGreaterThan(178);
    expect(held).toBeLessThan(200);
  });
});

describe('how often, in words', () => {
  it.each([
    [5, 7, 0.5, 'cannot say from 7'],
    [10, 20, 0.5, 'about as often as not'],
    [16, 20, 0.5, 'more often than chance'],
    [95, 100, 0.5, 'mostly'],
    [200, 200, 0.5, 'surely'],
    [2, 20, 0.5, 'less often than chance'],
    [6, 20, 0.25, 'no more often than chance'],
  ])('%i of %i against %f', (count, all, chance, words) => {
    expect(oftenInWords(count, all, chance)).toBe(words);
  });
});
