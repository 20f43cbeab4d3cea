/** Linear equations with a symmetric positive matrix, given by its rows. */

export type Matrix = readonly Float64Array[];

/** The lower triangle L of a symmetric positive matrix, L Lᵀ (Cholesky). */
export function choleskyOf(a: Matrix): Matrix {
  const lower = a.map((r) => Float64Array.from(r));
  const at = (i: number, j: number): number => lower[i]?.[j] ?? 0;
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j <= i; j++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      const target = lower[i];
      if (target) target[j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / at(j, j);
    }
  return lower;
}
/** x of L Lᵀ x = b. */
export function solved(lower: Matrix, b: ArrayLike<number>): Float64Array {
  const at = (i: number, j: number): number => lower[i]?.[j] ?? 0;
  const n = lower.length;
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = b[i] ?? 0;
    for (let k = 0; k < i; k++) sum -= at(i, k) * (y[k] ?? 0);
    y[i] = sum / at(i, i);
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = y[i] ?? 0;
    for (let k = i + 1; k < n; k++) sum -= at(k, i) * (y[k] ?? 0);
    y[i] = sum / at(i, i);
  }
  return y;
}
