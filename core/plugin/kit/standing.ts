/** How well pictures fit what they are asked for, in percent of everyday things that fit them less. */
import type { Embeddings } from '../../clip/batches.ts';
import { jointPercentile } from '../../engine/scores.ts';
import type { Standing } from '../../engine/usual.ts';
import type { PluginEngine } from '../define.ts';

interface Asked {
  /** Unit rows. */
  readonly targets: Embeddings;
  /** Which of them are pictures: these are far closer to each other than to any words, so they stand among pictures. */
  readonly pictured: readonly boolean[];
}

/** Of a picture (a unit row) with each target. */
export async function standingOf(
  { targets, pictured }: Asked,
  { engine, signal }: { readonly engine: Pick<PluginEngine, 'usual' | 'usualPictures'>; readonly signal: AbortSignal },
): Promise<Standing> {
  const words = (await engine.usual({ signal })).with(targets);
  if (!pictured.some(Boolean)) return words;
  const pictures = (await engine.usualPictures({ signal })).with(targets);
  return (picture) => {
    const [among, amongPictures] = [words(picture), pictures(picture)];
    return pictured.map((is, k) => (is ? amongPictures : among)[k] ?? 0);
  };
}

/** The same as one percentile over all targets, 0..100. */
export const jointStanding =
  (standing: Standing, weights: readonly number[]) =>
  (picture: Float32Array): number =>
    jointPercentile(standing(picture), weights);
