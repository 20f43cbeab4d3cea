/** How well pictures fit what they are asked for, in percent of everyday things that fit them less. */
import type { Embeddings } from '../../clip/batches.ts';
import { jointPercentile, percentiles } from '../../engine/scores.ts';
import type { PluginEngine } from '../define.ts';

export interface Stock {
  /** Unit rows of captions, and of pictures where any is asked with. */
  readonly captions: Embeddings;
  readonly everyday: Embeddings;
}

/** `pictured` says which of the targets are pictures: they are far closer to each other than to any caption, so these stand among pictures. */
export async function stockFor(
  pictured: readonly boolean[],
  { engine, signal }: { readonly engine: Pick<PluginEngine, 'captions' | 'everyday'>; readonly signal: AbortSignal },
): Promise<Stock> {
  const captions = await engine.captions({ signal });
  const none = { ...captions, count: 0, data: new Float32Array() };
  return { captions, everyday: pictured.some(Boolean) ? await engine.everyday({ signal }) : none };
}

/** Of a picture (a unit row) and its cosines with weighted targets: one percentile over all of them, 0..100. */
export function standing(
  picture: Float32Array,
  cosines: readonly number[],
  { weights, pictured }: { readonly weights: readonly number[]; readonly pictured: readonly boolean[] },
  { captions, everyday }: Stock,
): number {
  const [words, pictures] = [percentiles(picture, captions, cosines), percentiles(picture, everyday, cosines)];
  const each = cosines.map((_, k) => (pictured[k] ? pictures : words)[k] ?? 0);
  return jointPercentile(each, weights);
}
