/** Rows through a session in batches, and rows of length one. */
import { joinedFloats } from '../arrays.ts';
import type { Session } from '../graph/index.ts';
import { floatsOf } from '../graph/session.ts';

/** One embedding a row, each of length one. */
export interface Embeddings {
  readonly count: number;
  readonly dimension: number;
  readonly data: Float32Array;
}

/** Rows that a session without a batch of its own is given at once. */
export const BATCH = 16;

type Run = ReturnType<Session['run']>;

/** Runs in batches and joins the rows of one output. With a fixed batch the last one is filled up by `run`, and what is too much is dropped. */
export async function inBatches(
  count: number,
  batch: number,
  run: (from: number, size: number) => Run,
  output: string,
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (let from = 0; from < count; from += batch) {
    const size = Math.min(batch, count - from);
    const tensor = (await run(from, size))[output];
    const rows = tensor?.dims[0] ?? size;
    const data = floatsOf(tensor);
    parts.push(rows > size ? data.subarray(0, (data.length / rows) * size) : data);
  }
  return joinedFloats(parts);
}

/** `data` with zeros after it up to `length`. */
export function filled(data: Float32Array, length: number): Float32Array {
  if (data.length === length) return data;
  const whole = new Float32Array(length);
  whole.set(data);
  return whole;
}

export function normalised(rows: Float32Array, count: number): Embeddings {
  const dimension = count === 0 ? 0 : rows.length / count;
  for (let row = 0; row < count; row++) {
    const part = rows.subarray(row * dimension, (row + 1) * dimension);
    let sum = 0;
    for (const v of part) sum += v * v;
    const length = Math.sqrt(sum) || 1;
    for (let i = 0; i < dimension; i++) part[i] = (part[i] ?? 0) / length;
  }
  return { count, dimension, data: rows };
}
