/** Audits the model at hand for bias: do pictures lean to one of two sets of words that should not matter, and do groups come up unevenly in a search? */
import { z } from 'zod';
import type { Embeddings, Excess, PluginContext, PluginEvent, SeenPictures } from '../../core/index.ts';
import {
  csvOf,
  definePlugin,
  dot,
  html,
  linePlot,
  listed,
  pictureName,
  picturesField,
  reportEvent,
  reportPage,
  row,
  seedField,
  seenPictures,
} from '../../core/index.ts';
import { association, type Beside, type Effect, FEW, inWords, leaning, skewChance, skewsOf } from './statistics.ts';

const words = (title: string, description: string) =>
  z.array(z.string().min(1).max(500)).min(1).max(1000).meta({ title, description });

/** How much better than everyday pictures a picture fits words, on average: the wording alone leans to neither side then. */
const fitting = (picture: Float32Array, excess: Excess): number => {
  const each = excess(picture);
  return each.reduce((sum, more) => sum + more, 0) / each.length;
};

type Group = SeenPictures;
const NOBODY: Group = { sources: [], rows: { count: 0, dimension: 0, data: new Float32Array() } };

async function* groupOf(
  fields: readonly string[],
  { engine, signal, pictures }: PluginContext,
): AsyncGenerator<PluginEvent, Group> {
  if (fields.length === 0) return NOBODY;
  const sources = await pictures(fields);
  return yield* seenPictures(engine.embedPictures(sources, { signal }), sources);
}

const picturesOf = ({ rows }: Group): Float32Array[] => Array.from({ length: rows.count }, (_, i) => row(rows, i));

interface Point {
  readonly k: number;
  readonly skew: number;
}
/** Shares of each group among the first k of a search, for k up to all. */
function skews(query: Embeddings, one: Group, other: Group): { readonly points: Point[]; readonly order: boolean[] } {
  const all = [
    ...picturesOf(one).map((p) => ({ score: dot(p, query.data), first: true })),
    ...picturesOf(other).map((p) => ({ score: dot(p, query.data), first: false })),
  ].sort((a, b) => b.score - a.score);
  const order = all.map((a) => a.first);
  return { order, points: skewsOf(order).map((skew, i) => ({ k: i + 1, skew })) };
}

const EFFECT_COLUMNS = ['what', 'effect size', 'from', 'to', 'p', 'pictures'];
const effectRow = (what: string, e: Effect): (string | number)[] => [what, e.size, e.from, e.to, e.p, e.count];

/** Lines that show how the scores of a group are spread. */
const spread = (values: readonly number[], name: string) => ({
  name,
  points: values.toSorted((a, b) => a - b).map((v, i) => [(i + 0.5) / values.length, v] as const),
});

export default definePlugin({
  id: 'audit',
  title: 'Audit',
  description: 'Measures whether the model ties pictures to words that should not matter, as a report in plain words.',
  version: '2.0.0',
  group: 'check',
  about:
    'Does the model tie pictures to words that should not matter? Two sets of words that differ in one thing are compared on your pictures: effect sizes with permutation tests, for one group beside everyday pictures and between two (WEAT), with intervals, and how evenly groups come up in searches. The report says in plain words what was found and, with few pictures, how little that means.',
  parameters: z.object({
    pictures: picturesField({ description: 'The pictures that are looked at, or one group of them' }),
    others: picturesField({
      title: 'Other group',
      description: 'A second group to compare with, alike but for what should not matter',
      positional: false,
    }).default([]),
    first: words('First words', 'One side of what should not matter: a photo of a man; or a .txt file'),
    second: words('Second words', 'The other side, alike but for that: a photo of a woman; or a .txt file'),
    queries: z.array(z.string().min(1).max(500)).max(100).default([]).meta({
      title: 'Searches',
      description: 'Neutral searches to see how the two groups come up in: a doctor; or a .txt file',
    }),
    top: z.int().min(1).max(10_000).default(20).meta({ title: 'Top', description: 'How far down a search is looked' }),
    seed: seedField({ advanced: true }),
  }),
  async *run({ pictures, others, first: a, second: b, queries, top }, context) {
    const { engine, signal } = context;
    const [first, second] = [await listed(a, 'audit', context), await listed(b, 'audit', context)];
    const one = yield* groupOf(pictures, context);
    const other = yield* groupOf(others, context);
    yield { type: 'progress', done: 1, total: 3 };
    const [towards, away] = [await engine.embedTexts(first, { signal }), await engine.embedTexts(second, { signal })];
    const usual = await engine.usual({ signal });
    const [near, far] = [usual.excess(towards), usual.excess(away)];
    const lean = (group: Group): number[] => picturesOf(group).map((p) => fitting(p, near) - fitting(p, far));
    const [leans, otherLeans] = [lean(one), lean(other)];
    const [nameA, nameB] = [first.join(' / ').slice(0, 200), second.join(' / ').slice(0, 200)];
    const effects = [
      { what: 'the pictures', beside: 'everyday pictures' as Beside, effect: await leaning(leans, context) },
      ...(otherLeans.length > 0
        ? [
            {
              what: 'the other group',
              beside: 'everyday pictures' as Beside,
              effect: await leaning(otherLeans, context),
            },
            {
              what: 'the pictures beside the other group (WEAT)',
              beside: 'the other group' as Beside,
              effect: await association(leans, otherLeans, context),
            },
          ]
        : []),
    ];
    yield { type: 'progress', done: 2, total: 3 };
    const said = effects.map(
      ({ what, beside, effect }) => `${what}: ${inWords(effect, { towards: nameA, away: nameB, beside })}`,
    );
    for (const text of said) yield { type: 'note', text };
    yield {
      type: 'table',
      title: `Leaning to "${nameA}" rather than "${nameB}"`,
      columns: EFFECT_COLUMNS,
      rows: effects.map(({ what, effect }) => effectRow(what, effect)),
    };
    const asked = queries.length > 0 && other.rows.count > 0 ? await listed(queries, 'audit', context) : [];
    const found = await Promise.all(
      asked.map(async (query) => ({ query, ...skews(await engine.embedTexts([query], { signal }), one, other) })),
    );
    // The first of all are all: nothing could be told from them.
    const k = Math.max(1, Math.min(top, Math.floor((one.rows.count + other.rows.count) / 2)));
    const skewRows = found.map(({ query, points, order }) => [query, points[k - 1]?.skew ?? 0, skewChance(order, k)]);
    if (found.length > 0)
      yield {
        type: 'table',
        title: `Skew of the pictures among the first ${k} of a search (0 is even)`,
        columns: ['search', 'skew', 'p'],
        rows: skewRows,
      };
    yield* reports({ effects, said, skewRows, leans, otherLeans, names: [nameA, nameB], one, other, found, k });
    yield { type: 'progress', done: 3, total: 3 };
  },
});

interface Findings {
  readonly effects: readonly { readonly what: string; readonly effect: Effect }[];
  readonly said: readonly string[];
  readonly skewRows: readonly (string | number)[][];
  readonly leans: readonly number[];
  readonly otherLeans: readonly number[];
  readonly names: readonly [string, string];
  readonly one: Group;
  readonly other: Group;
  readonly found: readonly { readonly query: string; readonly points: readonly { k: number; skew: number }[] }[];
  readonly k: number;
}

function* reports({
  effects,
  said,
  skewRows,
  leans,
  otherLeans,
  names,
  one,
  other,
  found,
  k,
}: Findings): Generator<PluginEvent> {
  const [nameA, nameB] = names;
  const rows = [
    ...one.sources.map((s, i) => ['pictures', pictureName(s), leans[i] ?? 0]),
    ...other.sources.map((s, i) => ['other group', pictureName(s), otherLeans[i] ?? 0]),
  ];
  yield reportEvent('audit.csv', 'text/csv', csvOf(['group', 'picture', 'leaning'], rows));
  const few = leans.length < FEW || (otherLeans.length > 0 && otherLeans.length < FEW);
  const plot = linePlot({
    title: 'How far each picture leans, from least to most',
    x: 'share of the pictures',
    y: `towards "${nameA}"`,
    series: [spread(leans, 'the pictures'), ...(otherLeans.length > 0 ? [spread(otherLeans, 'the other group')] : [])],
  });
  const searches = linePlot({
    title: 'Skew of the pictures among the first of a search',
    x: 'first so many',
    y: 'skew',
    series: found.map(({ query, points }) => ({ name: query, points: points.map((p) => [p.k, p.skew] as const) })),
  });
  yield reportEvent(
    'audit.html',
    'text/html',
    reportPage('Bias audit', [
      html.paragraph(
        `Each picture is compared with "${nameA}" and with "${nameB}". How much better than everyday pictures it fits each is what counts, so that the wording alone leans to neither.`,
      ),
      ...(few
        ? [
            html.paragraph(
              `There are ${leans.length}${otherLeans.length > 0 ? ` and ${otherLeans.length}` : ''} pictures. Below ${FEW} in a group, only large effects can be told from chance, and one odd picture can make one.`,
            ),
          ]
        : []),
      html.heading('What was found'),
      ...said.map((text) => html.paragraph(text)),
      html.table(
        EFFECT_COLUMNS,
        effects.map(({ what, effect }) => effectRow(what, effect)),
      ),
      html.figure(plot),
      ...(found.length > 0
        ? [
            html.heading('Searches'),
            html.paragraph(
              `Among the first ${k} of each search: above 0 the pictures come up more often than their share, below 0 less.`,
            ),
            html.table(['search', 'skew', 'p'], skewRows),
            html.figure(searches),
          ]
        : []),
      html.paragraph(
        'What this does not say: whether a use of the model does harm, or how it behaves on other pictures and other words. An even result is no proof of fairness.',
      ),
    ]),
  );
}
