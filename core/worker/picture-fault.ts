/** Tells faults of pictures from faults of the model. */
import { type PlainError, plainError } from '../errors.ts';

/** What is wrong with a picture; everything else is wrong with the whole, and thrown. */
export function pictureFault(thrown: unknown): PlainError {
  const error = plainError(thrown);
  if (error.code === 'PICTURE_UNREADABLE' || error.code === 'PICTURE_TOO_LARGE') return error;
  throw thrown;
}
