/** What pictures score against weighted targets, batch by batch as they come. */

import type { Embeddings } from '../../clip/batches.ts';
import type { PictureBatch } from '../../engine/picture-batch.ts';
import type { PictureSource } from '../../engine/requests.ts';
import {
  jointPercentile,
  percentileAmong,
  percentiles,
  row,
  type Targets,
  type Weighed,
  weighed,
} from '../../engine/scores.ts';
import { type Note, noteOf } from '../events.ts';
import type { PromptTargets } from './prompt-targets.ts';

export interface ScoredPicture extends Weighed {
  readonly source: PictureSource;
  /** A unit row. */
  readonly embedding: Float32Array;
}

/**
 * The pictures without those that are asked with. How well one fits a picture is told among the pictures, since pictures are far closer to each other
 * than to any caption; how well it fits words, among captions.
 */
export function standing(
  items: readonly ScoredPicture[],
  { weights, pictured, own }: PromptTargets,
  captions: Embeddings,
): ScoredPicture[] {
  const others = items.filter(({ source }) => !('path' in source && own.has(source.path)));
  if (!pictured.some(Boolean)) return others;
  const among = pictured.map((is, k) => (is ? others.map(({ cosines }) => cosines[k] ?? 0) : []));
  return others.map((item) => {
    const words = percentiles(item.embedding, captions, item.cosines);
    const each = item.cosines.map((c, k) => (pictured[k] ? percentileAmong(among[k] ?? [], c) : (words[k] ?? 0)));
    return { ...item, percentile: jointPercentile(each, weights) };
  });
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
