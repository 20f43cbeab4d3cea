/** Tells faults of pictures from faults of the model. */
import { type PlainError, plainError } from '../errors.ts';

const FAULTS: ReadonlySet<string> = new Set(['PICTURE_UNREADABLE', 'PICTURE_OUT_OF_REACH', 'PICTURE_TOO_LARGE']);

/** What is wrong with a picture; everything else is wrong with the whole, and thrown. */
export function pictureFault(thrown: unknown): PlainError {
  const error = plainError(thrown);
  if (FAULTS.has(error.code)) return error;
  throw thrown;
}
