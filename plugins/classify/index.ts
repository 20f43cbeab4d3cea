/** Zero-shot classification: which of some labels a picture shows, or all of them that it does, or none. */
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import type { Classified, Embeddings, PictureSource, PluginContext, PluginEvent } from '../../core/index.ts';
import {
  csvOf,
  definePlugin,
  failure,
  listed,
  noneReadable,
  noteOf,
  oftenInWords,
  PHOTO_TEMPLATES,
  pictureName,
  picturesField,
  probabilities,
  reportEvent,
  shareInterval,
  stacked,
} from '../../core/index.ts';
import { type Fitted, fitted } from './head.ts';

const LISTED = 5;

const nameOf = (pictures: readonly PictureSource[], { index }: Classified): string =>
  pictureName(pictures[index] ?? { path: '' });

/**
 * The percentile above which a label is told from the others best, by the mean of how often it is right on its own pictures and on the others'; of
 * cuts that are equally right, the one that is nearest to what is usual.
 */
export function bestThreshold(own: readonly number[], others: readonly number[], usual: number): number {
  const all = [0, ...new Set([...own, ...others].sort((a, b) => a - b)), 100];
  const cuts = all.slice(1).map((v, i) => (v + (all[i] ?? 0)) / 2);
  const rightAt = (cut: number): number =>
    own.filter((v) => v > cut).length / own.length + others.filter((v) => v <= cut).length / Math.max(1, others.length);
  const isBetter = (cut: number, than: number): boolean =>
    rightAt(cut) > rightAt(than) || (rightAt(cut) === rightAt(than) && Math.abs(cut - usual) < Math.abs(than - usual));
  return [usual, ...cuts].reduce((best, cut) => (isBetter(cut, best) ? cut : best));
}

interface Labels {
  readonly labels: readonly string[];
  /** A unit row each, through these sentences. */
  readonly rows: Embeddings;
  readonly sentences: readonly string[];
  /** The usual threshold. */
  readonly threshold: number;
}
interface Learned {
  readonly thresholds: readonly number[];
  readonly fit: Fitted;
}
/** Thresholds and a head from examples in folders that are called as the labels. Throws PARAMETER_INVALID for a label that has none. */
async function learned(
  fields: readonly string[],
  { labels, rows, sentences, threshold }: Labels,
  { engine, pictures, signal }: PluginContext,
): Promise<Learned> {
  const examples = await pictures(fields);
  const places = new Map(labels.map((label, i) => [label.toLowerCase(), i]));
  const found: (Classified & { readonly label: number })[] = [];
  for await (const one of engine.classifyAgainst(examples, rows, { templates: sentences, signal })) {
    const label = 'percentiles' in one && places.get(basename(dirname(nameOf(examples, one))).toLowerCase());
    if ('percentiles' in one && typeof label === 'number') found.push({ ...one, label });
  }
  const thresholds = labels.map((label, i) => {
    const own = found.filter((f) => f.label === i).map((f) => f.percentiles[i] ?? 0);
    const others = found.filter((f) => f.label !== i).map((f) => f.percentiles[i] ?? 0);
    if (own.length === 0)
      throw failure('PARAMETER_INVALID', {
        plugin: 'classify',
        what: `examples: no folder called "${label}" holds pictures; name one folder for each label`,
      });
    return bestThreshold(own, others, threshold);
  });
  const { logits } = await engine.info({ signal });
  const dimension = rows.dimension;
  const fit = fitted(
    {
      rows: stacked(found.map(({ embedding }) => ({ count: 1, dimension, data: embedding }))),
      labels: found.map(({ label }) => label),
    },
    found.map(({ cosines }) => cosines.map((c) => c * logits.scale)),
    labels.length,
  );
  return { thresholds, fit };
}

/** What was learned, and how far to trust it. */
function* told({ thresholds, fit }: Learned, labels: readonly string[]): Generator<PluginEvent> {
  yield {
    type: 'table',
    title: 'Thresholds learned from the examples',
    columns: ['label', 'percentile'],
    rows: labels.map((label, i) => [label, thresholds[i] ?? 0]),
  };
  const { all, byWords, byBoth, strength } = fit;
  if (all === 0) {
    yield { type: 'note', text: 'With one example a label, nothing can be said of how often this is right.' };
    return;
  }
  const share = (right: number): (string | number)[] => {
    const { from, to } = shareInterval(right, all);
    return [right, all, from, to, oftenInWords(right, all, 1 / labels.length)];
  };
  yield {
    type: 'table',
    title: 'How often examples that were left out are named right',
    columns: ['by', 'right', 'of', 'from', 'to', 'in words'],
    rows: [
      ['words alone', ...share(byWords)],
      [strength > 0 ? 'words and the other examples' : 'words (examples did not help)', ...share(byBoth)],
    ],
  };
}

interface Choice {
  readonly labels: readonly string[];
  readonly thresholds: readonly number[];
  readonly many: boolean;
  /** Of each label, for a picture. */
  readonly chances: (one: Classified) => readonly number[];
}

/** The likeliest labels of a picture, what it is said to be in the first row. */
function rowsOf(
  picture: string,
  one: Classified,
  { labels, thresholds, many, chances: chancesOf }: Choice,
): (string | number)[][] {
  const [chances, standing] = [chancesOf(one), one.percentiles];
  const order = labels.map((_, i) => i).sort((a, b) => (chances[b] ?? 0) - (chances[a] ?? 0));
  const counts = order.filter((i) => (standing[i] ?? 0) >= (thresholds[i] ?? 0));
  const chosen = many ? counts : counts.slice(0, 1);
  const said = chosen.length > 0 ? chosen.map((i) => labels[i]).join(', ') : 'none of these';
  return order
    .slice(0, LISTED)
    .map((i, place) => [
      picture,
      place === 0 ? said : '',
      labels[i] ?? '',
      chances[i] ?? 0,
      Math.round(standing[i] ?? 0),
    ]);
}

export default definePlugin({
  id: 'classify',
  title: 'Classify',
  description: 'Tells which of your labels each picture shows, or that it shows none of them.',
  version: '2.0.0',
  group: 'check',
  about:
    'Zero-shot classification: no training, only words. Each label is put into several sentences, because a sentence means the thing and a bare word often does not. The probability says which of your labels is likeliest; the percentile says whether any of them fits at all, measured against 400 everyday captions, so that "none of these" is an honest answer and one threshold works for every model. Give a few example pictures in folders called as the labels: thresholds are learned for each, and a head that counts beside the words as far as examples that are left out are named right by it; how often that is, with and without, is told.',
  parameters: z.object({
    pictures: picturesField(),
    labels: z.array(z.string().min(1).max(200)).min(1).max(10_000).meta({
      title: 'Labels',
      description: 'What a picture may show: words, or a .txt file with one a line',
    }),
    many: z.boolean().default(false).meta({
      title: 'Many labels',
      description: 'Every label above its threshold, instead of the likeliest alone',
    }),
    threshold: z.number().min(0).max(100).default(80).meta({
      title: 'Threshold',
      description:
        'A label counts when it fits better than this percent of everyday captions; below it for all, it is none of these',
    }),
    templates: z.array(z.string().min(2).max(200)).max(100).default([]).meta({
      title: 'Sentences',
      description: 'What labels are put into, {} standing for the label; the usual ones when empty',
      advanced: true,
    }),
    examples: picturesField({
      title: 'Examples',
      description:
        'Folders called as the labels, with a few pictures each: thresholds and a head beside the words are learned from them',
      positional: false,
      advanced: true,
    }).default([]),
  }),
  async *run({ pictures: fields, labels: given, many, threshold, templates, examples }, context) {
    const { engine, signal } = context;
    const labels = await listed(given, 'classify', context);
    const pictures = await context.pictures(fields);
    const bad = templates.find((t) => !t.includes('{}'));
    if (bad !== undefined)
      throw failure('PARAMETER_INVALID', { plugin: 'classify', what: `templates: "${bad}" has no {} in it` });
    const sentences = templates.length > 0 ? templates : PHOTO_TEMPLATES;
    const rows = await engine.embedLabels(labels, sentences, { signal });
    const own =
      examples.length > 0 ? await learned(examples, { labels, rows, sentences, threshold }, context) : undefined;
    if (own) yield* told(own, labels);
    const thresholds = own?.thresholds ?? labels.map(() => threshold);
    const info = await engine.info({ signal });
    const chances = ({ cosines, probabilities: byWords, embedding }: Classified): readonly number[] =>
      own && own.fit.strength > 0
        ? probabilities(
            cosines,
            info,
            own.fit.head(embedding).map((v) => own.fit.strength * v),
          )
        : byWords;
    const table: (string | number)[][] = [];
    const columns = ['picture', 'is', 'label', 'probability', 'percentile'];
    let done = 0;
    for await (const one of engine.classifyAgainst(pictures, rows, { templates: sentences, signal })) {
      done += 1;
      if ('error' in one) yield noteOf(one.error);
      else table.push(...rowsOf(nameOf(pictures, one), one, { labels, thresholds, many, chances }));
      yield { type: 'progress', done, total: pictures.length };
    }
    if (table.length === 0) throw noneReadable();
    yield { type: 'table', title: 'What each picture shows', columns, rows: table };
    yield reportEvent('labels.csv', 'text/csv', csvOf(columns, table));
  },
});
