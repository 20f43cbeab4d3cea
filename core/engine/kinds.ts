/** Of what kind pictures are, as one number: where they lie on the line along which everyday pictures differ most. For CLIPs that is, more than what they show, whether they are photographs or drawings. */
import type { Embeddings } from '../clip/batches.ts';
import { dot, meanRow, row } from './scores.ts';

export interface Kinds {
  /** Of the pictures themselves, in their order; their mean is 0. */
  readonly of: readonly number[];
  /** Of another picture (a unit row). */
  at(picture: Float32Array): number;
}

/** The power method comes to the line well before that, and a line that is nearly as long would do as well. */
const ROUNDS = 100;

/** Along the first principal axis of unit rows. */
export function kindsOf(pictures: Embeddings): Kinds {
  const middle = meanRow(pictures);
  const away = Array.from({ length: pictures.count }, (_, i) => row(pictures, i).map((v, k) => v - (middle[k] ?? 0)));
  // Begins at the picture that is furthest from the middle: it cannot be square to the line unless all are.
  let axis = away.reduce(
    (far, one) => (dot(one, one) > dot(far, far) ? one : far),
    new Float32Array(pictures.dimension),
  );
  for (let round = 0; round < ROUNDS; round++) {
    const next = new Float32Array(axis.length);
    for (const one of away) {
      const share = dot(one, axis);
      for (const [k, v] of one.entries()) next[k] = (next[k] ?? 0) + share * v;
    }
    const length = Math.sqrt(dot(next, next));
    if (length === 0) break;
    axis = next.map((v) => v / length);
  }
  const origin = dot(middle, axis);
  return { of: away.map((one) => dot(one, axis)), at: (picture) => dot(picture, axis) - origin };
}
