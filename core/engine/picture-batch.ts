/** What comes back of many pictures, part by part. */
import type { Embeddings } from '../clip/batches.ts';
import type { PlainError } from '../errors.ts';

/** A picture that could not be read does not stop the others. */
export interface Unreadable {
  readonly index: number;
  readonly error: PlainError;
}
export interface PictureBatch {
  readonly indices: readonly number[];
  readonly embeddings: Embeddings;
  readonly failures: readonly Unreadable[];
}
