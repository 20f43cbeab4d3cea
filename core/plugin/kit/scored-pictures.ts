/** What pictures score against weighted targets, batch by batch as they come. */

import type { PictureBatch } from '../../engine/picture-batch.ts';
import type { PictureSource } from '../../engine/requests.ts';
import { row, type Targets, type Weighed, weighed } from '../../engine/scores.ts';
import { type Note, noteOf } from '../events.ts';
import type { PromptTargets } from './prompt-targets.ts';

export interface ScoredPicture extends Weighed {
  readonly source: PictureSource;
  /** A unit row. */
  readonly embedding: Float32Array;
}

/** The pictures without those that are asked with, and how well each of them fits. */
export function answers(
  items: readonly ScoredPicture[],
  { own }: Pick<PromptTargets, 'own'>,
  fits: (picture: Float32Array) => number,
): ScoredPicture[] {
  return items
    .filter(({ source }) => !('path' in source && own.has(source.path)))
    .map((item) => ({ ...item, percentile: fits(item.embedding) }));
}

/** Notes say what could not be read. */
export async function* scoredPictures(
  batches: AsyncIterable<PictureBatch>,
  pictures: readonly PictureSource[],
  against: Targets,
): AsyncGenerator<{ readonly items: readonly ScoredPicture[]; readonly notes: readonly Note[] }, void, void> {
  for await (const { indices, embeddings, failures } of batches) {
    const items = indices.flatMap((index, k): ScoredPicture[] => {
      const source = pictures[index];
      const embedding = row(embeddings, k);
      return source ? [{ source, embedding, ...weighed(embedding, against) }] : [];
    });
    yield { items, notes: failures.map(({ error }) => noteOf(error)) };
  }
}
