/** Pictures that cannot be read: each is told of, the others are taken, and a run in which none can be read ends with NO_PICTURES. */
import type { Embeddings } from '../../clip/batches.ts';
import type { PictureBatch } from '../../engine/picture-batch.ts';
import type { PictureSource } from '../../engine/requests.ts';
import { stacked } from '../../engine/scores.ts';
import { plainError } from '../../errors.ts';
import { type Note, noteOf, type PluginEvent } from '../events.ts';
import { noneReadable } from './lists.ts';

const OWN_FAULTS: ReadonlySet<string> = new Set([
  'PICTURE_UNREADABLE',
  'PICTURE_TOO_LARGE',
  'PICTURE_OUT_OF_REACH',
  'FILE_MISSING',
]);

/** The note of a picture that could not be read. Throws again what is no fault of the picture's. */
export function passedOver(thrown: unknown): Note {
  const error = plainError(thrown);
  if (!OWN_FAULTS.has(error.code)) throw thrown;
  return noteOf(error);
}

export interface SeenPictures {
  readonly sources: readonly PictureSource[];
  /** A unit row each. */
  readonly rows: Embeddings;
}

/** All that can be read of pictures, in their order. Throws NO_PICTURES. */
export async function* seenPictures(
  batches: AsyncIterable<PictureBatch>,
  pictures: readonly PictureSource[],
): AsyncGenerator<PluginEvent, SeenPictures> {
  const [sources, parts]: [PictureSource[], Embeddings[]] = [[], []];
  let done = 0;
  for await (const { indices, embeddings, failures } of batches) {
    sources.push(...indices.flatMap((i) => pictures[i] ?? []));
    parts.push(embeddings);
    for (const { error } of failures) yield noteOf(error);
    done += indices.length + failures.length;
    yield { type: 'progress', done, total: pictures.length, label: 'looking at pictures' };
  }
  if (sources.length === 0) throw noneReadable();
  return { sources, rows: stacked(parts) };
}
