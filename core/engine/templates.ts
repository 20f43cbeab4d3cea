/** Words as rows of a model: each text is put into sentences, so that its embedding means the thing and not the word (template ensembling, Radford et al., 2021, section 3.1.4). */
import type { Embeddings } from '../clip/batches.ts';
import { meanDirection, stacked } from './scores.ts';

/** For labels: what a picture shows. */
export const PHOTO_TEMPLATES: readonly string[] = [
  '{}',
  'a photo of {}',
  'a picture of {}',
  'a drawing of {}',
  'an icon of {}',
  'an illustration of {}',
];
/** For prompts: what a picture is to become. */
export const DRAWING_TEMPLATES: readonly string[] = [
  '{}',
  '{bare}',
  '{bare} emoji',
  '{bare} icon',
  'a flat illustration of {}',
  'a clip art illustration of {}',
  'a flat emoji of {}',
  'a cartoon of {}',
  '{} on a white background',
];

/** The sentence that a template makes of words: `{}` is the words as they are, `{bare}` without their article. */
export const fill = (template: string, words: string): string =>
  template.replaceAll('{bare}', words.replace(/^(?:an?|the)\s+/i, '')).replaceAll('{}', words);

/** One unit row for each text: the mean direction over its sentences, which are embedded in one call. */
export async function textRows(
  texts: readonly string[],
  templates: readonly string[],
  embed: (sentences: readonly string[]) => Promise<Embeddings>,
): Promise<Embeddings> {
  const { dimension, data } = await embed(texts.flatMap((text) => templates.map((template) => fill(template, text))));
  const [count, size] = [templates.length, templates.length * dimension];
  return stacked(
    texts.map((_, i) => meanDirection({ count, dimension, data: data.subarray(i * size, (i + 1) * size) })),
  );
}
