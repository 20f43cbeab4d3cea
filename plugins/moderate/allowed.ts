/** From pictures that are allowed to a threshold with a bound on false alarms that holds whatever the model is like. */

/** How surely the bound holds, over which allowed pictures were given. */
const CONFIDENCE = 0.95;

/** P(X <= k) of X, so many of n that happen with a chance of p each. */
function binomial(k: number, n: number, p: number): number {
  // Sums of logarithms: n may be thousands.
  let log = n * Math.log1p(-p);
  let sum = Math.exp(log);
  for (let i = 1; i <= k; i++) {
    log += Math.log((n - i + 1) / i) + Math.log(p) - Math.log1p(-p);
    sum += Math.exp(log);
  }
  return sum;
}

/** The largest chance with which no more than k of n would still happen in one of twenty cases (Clopper and Pearson, 1934). */
function boundOf(k: number, n: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (binomial(k, n, middle) > 1 - CONFIDENCE) low = middle;
    else high = middle;
  }
  return high;
}

export interface Bounded {
  /** A picture whose score is above this is alarming. */
  readonly threshold: number;
  /** Of pictures like the allowed ones, at most this share is alarming, in 19 of 20 choices of allowed ones. */
  readonly bound: number;
}

/**
 * The lowest threshold whose bound is at most `alarms`; where so few pictures bear none, the highest score of theirs, with the bound that it has.
 * The distribution of the scores does not matter (tolerance limits, Wilks, 1941).
 */
export function bounded(scores: readonly number[], alarms: number): Bounded {
  const order = scores.toSorted((a, b) => b - a);
  const n = order.length;
  let above = 0;
  while (above + 1 < n && boundOf(above + 1, n) <= alarms) above += 1;
  return { threshold: order[above] ?? Number.POSITIVE_INFINITY, bound: boundOf(above, n) };
}
