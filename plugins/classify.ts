/** Zero-shot classification: which of some labels a picture shows, or all of them that it does, or none. */
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import type { Classified, Embeddings, PictureSource, PluginContext } from '../core/index.ts';
import {
  csvOf,
  definePlugin,
  failure,
  listed,
  noneReadable,
  noteOf,
  PHOTO_TEMPLATES,
  pictureName,
  picturesField,
  reportEvent,
} from '../core/index.ts';

const LISTED = 5;

const nameOf = (pictures: readonly PictureSource[], { index }: Classified): string =>
  pictureName(pictures[index] ?? { path: '' });

/** The percentile above which a label is told from the others best, by the mean of how often it is right on its own pictures and on the others'. */
function bestThreshold(own: readonly number[], others: readonly number[]): number {
  const all = [...new Set([...own, ...others])].sort((a, b) => a - b);
  const cuts = all.map((v, i) => (v + (all[i + 1] ?? 100)) / 2);
  const rightAt = (cut: number): number =>
    own.filter((v) => v > cut).length / own.length + others.filter((v) => v <= cut).length / Math.max(1, others.length);
  return cuts.reduce((best, cut) => (rightAt(cut) > rightAt(best) ? cut : best), cuts[0] ?? 50);
}

interface Labels {
  readonly labels: readonly string[];
  /** A unit row each, through these sentences. */
  readonly rows: Embeddings;
  readonly sentences: readonly string[];
}
/** Thresholds from examples in folders that are called as the labels. Throws PARAMETER_INVALID for a label that has none. */
async function learned(
  fields: readonly string[],
  { labels, rows, sentences }: Labels,
  { engine, pictures, signal }: PluginContext,
): Promise<number[]> {
  const examples = await pictures(fields);
  const found: { label: string; standing: readonly number[] }[] = [];
  for await (const one of engine.classifyAgainst(examples, rows, { templates: sentences, signal }))
    if ('percentiles' in one)
      found.push({ label: basename(dirname(nameOf(examples, one))).toLowerCase(), standing: one.percentiles });
  return labels.map((label, i) => {
    const own = found.filter((f) => f.label === label.toLowerCase()).map((f) => f.standing[i] ?? 0);
    const others = found.filter((f) => f.label !== label.toLowerCase()).map((f) => f.standing[i] ?? 0);
    if (own.length === 0)
      throw failure('PARAMETER_INVALID', {
        plugin: 'classify',
        what: `examples: no folder called "${label}" holds pictures; name one folder for each label`,
      });
    return bestThreshold(own, others);
  });
}

interface Choice {
  readonly labels: readonly string[];
  readonly thresholds: readonly number[];
  readonly many: boolean;
}

/** The likeliest labels of a picture, what it is said to be in the first row. */
function rowsOf(
  picture: string,
  { probabilities: chances, percentiles: standing }: Classified,
  { labels, thresholds, many }: Choice,
): (string | number)[][] {
  const order = labels.map((_, i) => i).sort((a, b) => (chances[b] ?? 0) - (chances[a] ?? 0));
  const counts = order.filter((i) => (standing[i] ?? 0) >= (thresholds[i] ?? 0));
  const chosen = many ? counts : counts.filter((i) => i === order[0]);
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
  version: '1.0.0',
  group: 'check',
  about:
    'Zero-shot classification: no training, only words. Each label is put into several sentences, because a sentence means the thing and a bare word often does not. The probability says which of your labels is likeliest; the percentile says whether any of them fits at all, measured against 400 everyday captions, so that "none of these" is an honest answer and one threshold works for every model. Give a few example pictures in folders called as the labels, and thresholds are learned for each.',
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
      description: 'Folders called as the labels, with a few pictures each: thresholds are learned from them',
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
    const thresholds =
      examples.length > 0 ? await learned(examples, { labels, rows, sentences }, context) : labels.map(() => threshold);
    if (examples.length > 0)
      yield {
        type: 'table',
        title: 'Thresholds learned from the examples',
        columns: ['label', 'percentile'],
        rows: labels.map((label, i) => [label, thresholds[i] ?? 0]),
      };
    const table: (string | number)[][] = [];
    const columns = ['picture', 'is', 'label', 'probability', 'percentile'];
    let done = 0;
    for await (const one of engine.classifyAgainst(pictures, rows, { templates: sentences, signal })) {
      done += 1;
      if ('error' in one) yield noteOf(one.error);
      else table.push(...rowsOf(nameOf(pictures, one), one, { labels, thresholds, many }));
      yield { type: 'progress', done, total: pictures.length };
    }
    if (table.length === 0) throw noneReadable();
    yield { type: 'table', title: 'What each picture shows', columns, rows: table };
    yield reportEvent('labels.csv', 'text/csv', csvOf(columns, table));
  },
});
