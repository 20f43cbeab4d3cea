/** Two models side by side on the same pictures and prompts: where they agree, and where they do not. */
import { z } from 'zod';
import type { Classified, PictureSource, PluginContext, PluginEvent } from '../core/index.ts';
import {
  csvOf,
  definePlugin,
  Inbox,
  listed,
  noneReadable,
  oftenInWords,
  PHOTO_TEMPLATES,
  pictureName,
  picturesField,
  reportEvent,
  shareInterval,
} from '../core/index.ts';

type Engine = PluginContext['engine'];
/** How each readable picture stands with the prompts. */
type Standing = ReadonlyMap<number, Pick<Classified, 'cosines' | 'percentiles'>>;

/** Percentiles [pictures][prompts] of one model, numbers that mean the same for every model, and its cosines, which say which fits best. */
async function standingOf(
  engine: Engine,
  pictures: readonly PictureSource[],
  prompts: readonly string[],
  signal: AbortSignal,
): Promise<Standing> {
  const targets = await engine.embedLabels(prompts, undefined, { signal });
  const found = new Map<number, Pick<Classified, 'cosines' | 'percentiles'>>();
  for await (const one of engine.classifyAgainst(pictures, targets, { templates: PHOTO_TEMPLATES, signal }))
    if ('percentiles' in one) found.set(one.index, { cosines: one.cosines, percentiles: one.percentiles });
  return found;
}

/** Ranks with ties at their mean. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const found = Array<number>(values.length).fill(0);
  for (let i = 0; i < order.length; ) {
    let j = i;
    while (j + 1 < order.length && values[order[j + 1] ?? 0] === values[order[i] ?? 0]) j += 1;
    for (let k = i; k <= j; k++) found[order[k] ?? 0] = (i + j) / 2;
    i = j + 1;
  }
  return found;
}

/** Spearman's rank correlation, -1..1; not a number where one side is all the same. */
function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (x.length - 1) / 2;
  const product = (p: readonly number[], q: readonly number[]): number =>
    p.reduce((sum, v, i) => sum + (v - mean) * ((q[i] ?? 0) - mean), 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}

/** A picture for which the models choose different prompts. */
interface Apart {
  readonly picture: string;
  readonly here: string;
  readonly there: string;
}
const NEITHER = 'cannot say';
/** Asks a person which prompt fits where the models do not agree, in an order of chance, and says which model is right more often. */
async function* asked(all: readonly Apart[], most: number, context: PluginContext): AsyncGenerator<PluginEvent> {
  const { random } = context;
  const inbox = new Inbox(context);
  const order = all
    .map((apart) => ({ apart, at: random() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, most);
  let [here, there] = [0, 0];
  for (const [k, { apart }] of order.entries()) {
    const id = `picture ${k + 1}`;
    // Whoever answers does not know whose choice stands first.
    const both = random() < 0.5 ? [apart.here, apart.there] : [apart.there, apart.here];
    yield {
      type: 'question',
      id,
      text: `Which words fit better? (${k + 1} of ${order.length})`,
      pictures: [apart.picture],
      choices: [...both, NEITHER],
    };
    const choice = await inbox.answer(id);
    if (choice === apart.here) here += 1;
    if (choice === apart.there) there += 1;
    if (inbox.finished) break;
  }
  const { from, to } = shareInterval(here, here + there);
  yield {
    type: 'table',
    title: 'Which model is right where they disagree, by your answers',
    columns: ['the model in use', 'the other', 'share of the first', 'from', 'to', 'in words'],
    rows: [[here, there, here + there > 0 ? here / (here + there) : 0, from, to, oftenInWords(here, here + there)]],
  };
}

const SHOWN = 20;

export default definePlugin({
  id: 'compare',
  title: 'Compare',
  description: 'Puts two models side by side on the same pictures and prompts, and shows where they disagree.',
  version: '2.0.0',
  group: 'check',
  steerable: true,
  about:
    "Two models, the same pictures, the same prompts: how often they choose the same prompt, how alike they rank, and where they differ most. Percentiles are compared, not cosines, because every model's cosines live in a range of their own; which prompt a model chooses is read from its cosines. With questions, you say which words fit where the models disagree, and the share of each is told with how sure it is.",
  parameters: z.object({
    pictures: picturesField(),
    prompts: z.array(z.string().min(1).max(2000)).min(1).max(1000).meta({
      title: 'Prompts',
      description: 'What the pictures are compared with: words, or a .txt file with one a line',
    }),
    other: z.string().min(1).max(4096).default('embedded').meta({
      title: 'Other model',
      description: 'The second model: a folder, organisation/name, or "embedded"; the first is the one in use',
    }),
    questions: z.int().min(0).max(500).default(0).meta({
      title: 'Questions',
      description: 'Pictures for which the models choose different prompts, about which you are asked who is right',
    }),
  }),
  async *run({ pictures: fields, prompts: given, other, questions }, context) {
    const { engine, signal } = context;
    const prompts = await listed(given, 'compare', context);
    const pictures = await context.pictures(fields);
    const second = await context.engineOf(other);
    if ((await engine.info({ signal })).hash === (await second.info({ signal })).hash)
      yield { type: 'note', text: 'Both are the same model, so they agree in all; name another with "other".' };
    const total = 2 * pictures.length;
    const one = await standingOf(engine, pictures, prompts, signal);
    yield { type: 'progress', done: pictures.length, total };
    const two = await standingOf(second, pictures, prompts, signal);
    yield { type: 'progress', done: total, total };
    const both = [...one.keys()].filter((i) => two.has(i)).sort((a, b) => a - b);
    if (both.length === 0) throw noneReadable();
    const column = (found: Standing, k: number): number[] => both.map((i) => found.get(i)?.percentiles[k] ?? 0);
    const rank = (a: readonly number[], b: readonly number[]): number | string =>
      Number.isNaN(spearman(a, b)) ? 'too few' : spearman(a, b);
    const favourite = (found: Standing, i: number): number => {
      const values = found.get(i)?.cosines ?? [];
      return values.indexOf(Math.max(...values));
    };
    const apart = both.filter((i) => favourite(one, i) !== favourite(two, i));
    const same = both.length - apart.length;
    const often = shareInterval(same, both.length);
    yield {
      type: 'table',
      title: 'How the models agree',
      columns: ['measure', 'value'],
      rows: [
        ['pictures', both.length],
        ['prompts', prompts.length],
        ['the same best prompt (share of pictures)', same / both.length],
        ['from', often.from],
        ['to (in 95 of 100 such samples)', often.to],
        [
          'rank correlation of all percentiles',
          rank(
            prompts.flatMap((_, k) => column(one, k)),
            prompts.flatMap((_, k) => column(two, k)),
          ),
        ],
      ],
    };
    yield {
      type: 'table',
      title: 'Rank correlation of the pictures, prompt by prompt',
      columns: ['prompt', 'correlation'],
      rows: prompts.map((prompt, k) => [prompt, rank(column(one, k), column(two, k))]),
    };
    const all = both.flatMap((i) =>
      prompts.map((prompt, k) => {
        const [a, b] = [one.get(i)?.percentiles[k] ?? 0, two.get(i)?.percentiles[k] ?? 0];
        return [pictureName(pictures[i] ?? { path: '' }), prompt, a, b, Math.abs(a - b)] as const;
      }),
    );
    const columns = ['picture', 'prompt', 'percentile here', 'percentile there', 'apart'];
    const furthest = all.toSorted((a, b) => b[4] - a[4]).map((r) => [...r]);
    yield { type: 'table', title: 'Where they disagree most', columns, rows: furthest.slice(0, SHOWN) };
    yield reportEvent('compare.csv', 'text/csv', csvOf(columns, furthest));
    if (questions === 0) return;
    if (apart.length === 0) {
      yield { type: 'note', text: 'The models choose the same prompt for every picture: there is nothing to ask.' };
      return;
    }
    yield* asked(
      apart.map((i) => ({
        picture: pictureName(pictures[i] ?? { path: '' }),
        here: prompts[favourite(one, i)] ?? '',
        there: prompts[favourite(two, i)] ?? '',
      })),
      questions,
      context,
    );
  },
});
