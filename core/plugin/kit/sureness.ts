/** How sure a figure is that comes from few pictures: intervals, and what they say in words. */

/** In 95 of 100 samples like this one, the figure lies within. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** Of the normal distribution, for 95 of 100. */
const Z = 1.959963984540054;

/** Of a share: so many of all (Wilson, 1927). From 0 to 1 where there are none. */
export function shareInterval(count: number, all: number): Interval {
  if (all === 0) return { from: 0, to: 1 };
  const share = count / all;
  const scale = 1 + Z ** 2 / all;
  const middle = (share + Z ** 2 / (2 * all)) / scale;
  const reach = (Z / scale) * Math.sqrt((share * (1 - share)) / all + Z ** 2 / (4 * all ** 2));
  return { from: Math.max(0, middle - reach), to: Math.min(1, middle + reach) };
}

const RESAMPLES = 1000;
/** Of a mean: the middle 95 % of the means of samples drawn again, with replacement (Efron, 1979, percentiles). */
export function meanInterval(values: readonly number[], random: () => number): Interval {
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[Math.floor(random() * values.length)] ?? 0;
    return sum / values.length;
  }).sort((a, b) => a - b);
  const at = (share: number): number => means[Math.round(share * (RESAMPLES - 1))] ?? Number.NaN;
  return { from: at(0.025), to: at(0.975) };
}

/** Below so many, a share says nothing. */
const FEWEST = 8;

/** How often something is so, as people say it: so many of all, against what chance gives. */
export function oftenInWords(count: number, all: number, chance = 0.5): string {
  if (all < FEWEST) return `cannot say from ${all}`;
  const { from, to } = shareInterval(count, all);
  if (to < chance) return 'less often than chance';
  if (from <= chance) return chance === 0.5 ? 'about as often as not' : 'no more often than chance';
  if (from > 0.9) return 'surely';
  return from > (1 + chance) / 2 ? 'mostly' : 'more often than chance';
}
