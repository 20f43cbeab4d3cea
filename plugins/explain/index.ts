/** Why a picture scores as it does: where in it, and by which words; with a check of how far to trust the answer. */
import { z } from 'zod';
import type {
  Embeddings,
  Heat,
  PictureSource,
  PluginContext,
  PluginEvent,
  PromptTargets,
  Usual,
} from '../../core/index.ts';
import {
  definePlugin,
  dot,
  failure,
  noneReadable,
  parsePrompt,
  passedOver,
  pictureName,
  picturesField,
  pictureTitle,
  promptField,
  promptTargets,
  row,
  squared,
  textsOf,
} from '../../core/index.ts';
import { gradientHeat } from './gradient.ts';
import { occluded } from './occlusion.ts';
import { placed } from './place.ts';
import { SIDE, type Square, type Wanted } from './scores.ts';
import { overlaid } from './shown.ts';
import { checked, inWords } from './trust.ts';
import { wordValues } from './words.ts';

type Row = (string | number)[];

/** Cosine, percentile and how far to trust the map, a row a prompt. */
function summed(
  name: string,
  rows: Embeddings,
  { targets, weights, names }: PromptTargets,
  trust: { readonly deletion: number; readonly insertion: number } | undefined,
  standing: readonly number[],
): Row[] {
  const cosines = Array.from({ length: targets.count }, (_, k) => dot(row(rows, 0), row(targets, k)));
  return names.map((prompt, k) => [
    name,
    prompt,
    weights[k] ?? 0,
    cosines[k] ?? 0,
    Math.round(standing[k] ?? 0),
    ...(trust && k === 0 ? [trust.deletion, trust.insertion] : ['', '']),
  ]);
}

/** The slow map, with progress on its way. */
async function* byOcclusion(
  square: Square,
  cells: number,
  { before, total }: { readonly before: number; readonly total: number },
  wanted: Wanted,
  context: PluginContext,
): AsyncGenerator<PluginEvent, Heat> {
  for await (const { heat, done } of occluded(square, cells, wanted, context)) {
    if (heat) return heat;
    yield { type: 'progress', done: before + done, total };
  }
  throw failure('INTERNAL', { what: 'no map came out' });
}

interface Asked {
  readonly prompt: string;
  readonly texts: readonly string[];
  readonly wanted: PromptTargets;
  readonly values: readonly Awaited<ReturnType<typeof wordValues>>[];
  readonly usual: Usual;
  readonly method: 'gradient' | 'occlusion';
  readonly cells: number;
  readonly check: boolean;
}

/** Of one picture: the map, how far to trust it, and where the words stand; gives rows for the tables. */
async function* explained(
  source: PictureSource,
  place: { readonly number: number; readonly before: number; readonly total: number },
  { prompt, texts, wanted, values, usual, method, cells, check }: Asked,
  context: PluginContext,
): AsyncGenerator<PluginEvent, { readonly summary: Row[]; readonly words: Row[] }> {
  const name = pictureName(source);
  const square = await squared(source, SIDE);
  const heat =
    (method === 'gradient' ? await gradientHeat(square, wanted, context) : undefined) ??
    (yield* byOcclusion(square, cells, place, wanted, context));
  yield await overlaid(source, square, heat, `${prompt} in ${pictureTitle(source)}`);
  const rows = await context.engine.embedAll([{ bytes: square.bytes, name }], { signal: context.signal });
  const trust = check ? await checked(square, heat, wanted, context) : undefined;
  if (trust) yield { type: 'note', text: `${name}: ${inWords(trust)}` };
  const own = row(rows, 0);
  const standing = usual.with(wanted.targets)(own);
  if (usual.knows) yield placed(`standing-${place.number}.svg`, source, { picture: own, standing }, wanted, usual);
  return {
    summary: summed(name, rows, wanted, trust, standing),
    words: values.flatMap((valuesOf, k) =>
      valuesOf(rows).map(({ word, adds }): Row => [name, texts[k] ?? '', word, adds]),
    ),
  };
}

export default definePlugin({
  id: 'explain',
  title: 'Explain',
  description: 'Shows where in a picture and by which words a score comes about, and how far to trust that.',
  version: '2.1.0',
  group: 'learn',
  about:
    'Where a score comes from. The picture is looked at whole and in overlapping parts; in each, squared pixel gradients are weighed by the model\'s own map (attention relevance for transformers, activations for convolutional towers), and parts count by how well they fit. Occlusion covers one place after another instead: slow, and right by definition. The check takes away what is said to matter and puts it back: trust a map whose score after insertion is well above its score after deletion. What each word adds is what it changes on average beside any of the other words (Shapley values): a word that takes away is below zero. Where each prompt stands among everyday words is drawn for every picture. "a cat | a dog:-1" asks why a cat rather than a dog.',
  parameters: z.object({
    prompt: promptField({
      description: 'What the picture was scored for: a cat | a dog:-1 says why a cat rather than a dog',
    }),
    pictures: picturesField(),
    method: z.enum(['gradient', 'occlusion']).default('gradient').meta({
      title: 'Method',
      description: 'Gradients through the model (fast), or covering one place after another (slow and honest)',
    }),
    cells: z.int().min(4).max(32).default(14).meta({
      title: 'Cells',
      description: 'Places along a side that occlusion covers',
      advanced: true,
    }),
    check: z.boolean().default(true).meta({
      title: 'Check',
      description: 'Takes away and puts back what is said to matter, and tells how the score follows',
    }),
  }),
  async *run({ prompt, pictures: fields, method, cells, check }, context) {
    const { engine, signal } = context;
    const pictures = await context.pictures(fields);
    const prompts = parsePrompt(prompt, context.random);
    const texts = prompts.flatMap(textsOf);
    const asked: Asked = {
      prompt,
      texts,
      wanted: await promptTargets(prompts, context),
      values: await Promise.all(texts.map((text) => wordValues(text, context))),
      usual: await engine.usual({ signal }),
      method,
      cells,
      check,
    };
    const [summary, words]: [Row[], Row[]] = [[], []];
    const each = method === 'occlusion' ? cells * cells : 1;
    const total = pictures.length * each;
    for (const [i, source] of pictures.entries()) {
      signal.throwIfAborted();
      try {
        const found = yield* explained(source, { number: i + 1, before: i * each, total }, asked, context);
        summary.push(...found.summary);
        words.push(...found.words);
      } catch (thrown) {
        yield passedOver(thrown);
      }
      yield { type: 'progress', done: (i + 1) * each, total };
    }
    if (summary.length === 0) throw noneReadable();
    yield {
      type: 'table',
      title: 'What the score is made of',
      columns: ['picture', 'prompt', 'weight', 'cosine', 'percentile', 'after deletion', 'after insertion'],
      rows: summary,
    };
    if (words.length > 0)
      yield {
        type: 'table',
        title: 'What each word adds to the cosine (below 0: it takes away)',
        columns: ['picture', 'prompt', 'word', 'adds'],
        rows: words,
      };
  },
});
