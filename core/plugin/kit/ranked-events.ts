/** Scores batches of pictures against targets as they come, with progress, and gives the order at the end. Memory holds scores, not pictures. */
import type { PictureBatch } from '../../engine/picture-batch.ts';
import { type PictureSource, pictureName } from '../../engine/requests.ts';
import type { Targets } from '../../engine/scores.ts';
import type { PluginEvent } from '../events.ts';
import { noneReadable } from './lists.ts';
import { type ScoredPicture, scoredPictures } from './scored-pictures.ts';

interface Ranked extends Targets {
  readonly title: string;
  readonly columns: readonly string[];
  readonly pictures: readonly PictureSource[];
  /** 0 lists all. */
  readonly best: number;
}

const NOTED_FAILURES = 20;

type Item = Extract<PluginEvent, { type: 'ranking' }>['items'][number];
/** A scored picture as a ranking lists it. */
export const rankedItem = ({ source, score, cosines, percentile }: ScoredPicture): Item => ({
  picture: pictureName(source),
  score,
  values: [...cosines],
  ...(percentile === undefined ? {} : { percentile }),
});

export async function* rankedEvents(
  batches: AsyncIterable<PictureBatch>,
  { title, columns, pictures, best, ...against }: Ranked,
): AsyncGenerator<PluginEvent, void, void> {
  const ranked: Item[] = [];
  let [done, failed] = [0, 0];
  for await (const { items, notes } of scoredPictures(batches, pictures, against)) {
    yield* notes.slice(0, Math.max(0, NOTED_FAILURES - failed));
    failed += notes.length;
    ranked.push(...items.map(rankedItem));
    done += items.length + notes.length;
    yield { type: 'progress', done, total: pictures.length };
  }
  if (ranked.length === 0) throw noneReadable();
  ranked.sort((a, b) => b.score - a.score || (a.picture < b.picture ? -1 : 1));
  yield { type: 'ranking', title, columns: [...columns], items: best > 0 ? ranked.slice(0, best) : ranked };
}
