/** A head from examples beside the words, and thresholds from them. */
import { describe, expect, it } from 'vitest';
import { gaussian, seeded } from '../../core/index.ts';
import { fitted, headOf } from '../../plugins/classify/head.ts';
import { bestThreshold } from '../../plugins/classify/index.ts';

const WIDE = 24;
/** Examples of two labels that differ along the first axis, under a disturbance along the second that is far larger. */
function examples(count: number, seed: number) {
  const random = seeded(seed);
  const labels = Array.from({ length: count }, (_, i) => i % 2);
  const data = labels.flatMap((label) => {
    const x = Array.from({ length: WIDE }, () => 0.03 * gaussian(random));
    x[0] = (x[0] ?? 0) + (label === 0 ? 0.1 : -0.1);
    x[1] = (x[1] ?? 0) + 0.6 * gaussian(random);
    return x;
  });
  return { rows: { count, dimension: WIDE, data: Float32Array.from(data) }, labels };
}

describe('a head from examples', () => {
  it('is what the formula gives', () => {
    // Two examples each of two labels in the plane: means (2, 0) and (0, 2), Cᵀ C = [[2, 0], [0, 2]], tr(S) = 4 / 3.
    const rows = { count: 4, dimension: 2, data: Float32Array.from([3, 0, 1, 0, 0, 3, 0, 1]) };
    const head = headOf({ rows, labels: [0, 0, 1, 1] }, 2);
    const precision = 2 / (2 + 4 / 3);
    const expected = [precision * 2 * 0.5 - 0.5 * precision * 4, precision * 2 * 0.25 - 0.5 * precision * 4];
    expect(head(Float32Array.of(0.5, 0.25)).map((v) => Number(v.toFixed(5)))).toEqual(
      expected.map((v) => Number(v.toFixed(5))),
    );
  });
  it('finds what tells labels apart under a larger disturbance, where words know nothing', () => {
    const { rows, labels } = examples(40, 5);
    const found = fitted(
      { rows, labels },
      labels.map(() => [0, 0]),
      2,
    );
    expect(found.strength).toBeGreaterThan(0);
    expect(found.all).toBe(40);
    expect(found.byBoth).toBeGreaterThanOrEqual(38);
    const fresh = examples(200, 6);
    const right = fresh.labels.filter((label, i) => {
      const [a = 0, b = 0] = found.head(fresh.rows.data.subarray(i * WIDE, (i + 1) * WIDE));
      return (a > b ? 0 : 1) === label;
    });
    expect(right.length).toBeGreaterThan(190);
  });
  it('leaves it to the words where examples say nothing', () => {
    const { rows, labels } = examples(30, 7);
    const random = seeded(8);
    const noise = { rows: { ...rows, data: rows.data.map(() => gaussian(random)) }, labels };
    const words = labels.map((label) => (label === 0 ? [5, 0] : [0, 5]));
    expect(fitted(noise, words, 2)).toMatchObject({ strength: 0, byWords: 30, byBoth: 30 });
  });
});

describe('a threshold from examples', () => {
  it('lies below the lowest where that is right', () => {
    expect(bestThreshold([60], [], 80)).toBeLessThan(60);
    expect(bestThreshold([5], [3], 80)).toBe(4);
  });
  it('is the usual one where that is as right as any', () => {
    expect(bestThreshold([90, 95], [10, 20], 80)).toBe(80);
  });
  it('lies between a label and the others', () => {
    expect(bestThreshold([99, 97], [96, 95], 80)).toBe(96.5);
  });
});
