/** Densities as curves. */
import { describe, expect, it } from 'vitest';
import { densityOf, linePlot } from '../../core/index.ts';
import { seeded } from '../../core/random.ts';

describe('a density', () => {
  const random = seeded(1);
  const values = Array.from({ length: 2000 }, () => random() + random() + random() + random() - 2);
  const points = densityOf(values);

  it('encloses an area of one, is highest in the middle, and near the curve that the values come from', () => {
    const step = (points[1]?.[0] ?? 0) - (points[0]?.[0] ?? 0);
    expect(points.reduce((sum, [, y]) => sum + y * step, 0)).toBeCloseTo(1, 2);
    const [x, y] = points.reduce((best, point) => (point[1] > best[1] ? point : best), [0, 0] as const);
    expect(Math.abs(x)).toBeLessThan(0.15);
    // The sum of four uniform numbers has the density 2/3 in its middle (Irwin and Hall, 1927).
    expect(y).toBeCloseTo(2 / 3, 1);
  });
  it('of values that are all alike is none', () => {
    expect(densityOf([1, 1, 1])).toEqual([]);
    expect(densityOf([])).toEqual([]);
  });
});

describe('a line plot', () => {
  it('has room for marks beyond its lines', () => {
    const plot = linePlot({
      title: 't',
      x: 'x',
      y: 'y',
      series: [
        {
          name: 's',
          points: [
            [0, 0],
            [1, 1],
          ],
        },
      ],
      marks: [{ name: 'far & wide', x: 3 }],
    });
    const at = (tag: RegExp): number => Number(tag.exec(plot)?.[1]);
    expect(at(/<line x1="([\d.]+)" x2="\1"[^>]*stroke="#0072b2"/)).toBe(696);
    expect(plot).toContain('far &amp; wide');
  });
});
