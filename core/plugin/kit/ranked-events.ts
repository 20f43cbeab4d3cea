/** Scores batches of pictures against targets as they come, with progress, and gives the order at the end. Memory holds scores, not pictures. */
import type { Embeddings } from '../../clip/batches.ts';
import type { PictureBatch } from '../../engine/picture-batch.ts';
import type { PictureSource } from '../../engine/requests.ts';
import { pictureName } from '../../engine/requests.ts';
import { cosineTable, jointPercentile, percentiles, row } from '../../engine/scores.ts';
import type { PluginEvent } from '../events.ts';
import { noneReadable } from './lists.ts';

interface Ranked {
  readonly title: string;
  readonly columns: readonly string[];
  readonly pictures: readonly PictureSource[];
  /** Unit rows that pictures are compared with, and the weight of each. */
  readonly targets: Embeddings;
  readonly weights: readonly number[];
  /** 0 lists all. */
  readonly best: number;
  /** What percentiles are taken among, unit rows; none are given without. */
  readonly captions?: Embeddings;
}

const NOTED_FAILURES = 20;

export async function* rankedEvents(
  batches: AsyncIterable<PictureBatch>,
  { title, columns, pictures, targets, weights, best, captions }: Ranked,
): AsyncGenerator<PluginEvent, void, void> {
  const items: { picture: string; score: number; values: number[]; percentile?: number }[] = [];
  const standing = (embedding: Float32Array, values: readonly number[]): { percentile?: number } =>
    captions ? { percentile: jointPercentile(percentiles(embedding, captions, values), weights) } : {};
  const total = weights.reduce((sum, w) => sum + Math.abs(w), 0) || 1;
  let done = 0;
  let failed = 0;
  for await (const { indices, embeddings, failures } of batches) {
    for (const { error } of failures) {
      failed += 1;
      if (failed <= NOTED_FAILURES) yield { type: 'note', text: `${error.code}: ${error.message}` };
    }
    cosineTable(embeddings, targets).forEach((values, k) => {
      const picture = pictures[indices[k] ?? -1];
      if (picture)
        items.push({
          picture: pictureName(picture),
          score: values.reduce((sum, v, i) => sum + v * (weights[i] ?? 0), 0) / total,
          values,
          ...standing(row(embeddings, k), values),
        });
    });
    done += indices.length + failures.length;
    yield { type: 'progress', done, total: pictures.length };
  }
  if (items.length === 0) throw noneReadable();
  items.sort((a, b) => b.score - a.score || (a.picture < b.picture ? -1 : 1));
  yield { type: 'ranking', title, columns: [...columns], items: best > 0 ? items.slice(0, best) : items };
}
