/** Median times; comparisons are taken turn by turn, so that a machine whose speed drifts drifts for both. */
const median = (times: readonly number[]): number => [...times].sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN;

/** Median milliseconds of each piece of work, run in turn after one warm-up. */
export async function inTurn(rounds: number, ...works: (() => Promise<unknown>)[]): Promise<number[]> {
  const times = works.map((): number[] => []);
  for (const work of works) await work();
  for (let round = 0; round < rounds; round++) {
    for (const [i, work] of works.entries()) {
      const began = performance.now();
      await work();
      times[i]?.push(performance.now() - began);
    }
  }
  return times.map(median);
}

/** |a - b| / |b|, two-norms. */
export function relativeError(a: Float32Array, b: Float32Array): number {
  let [apart, length] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    apart += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
    length += (b[i] ?? 0) ** 2;
  }
  return Math.sqrt(apart / length);
}
