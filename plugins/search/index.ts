/** Search in a folder by words, by pictures, by both with plus and minus, or by a sketch. What is indexed once is kept. */
import { z } from 'zod';
import type { Embeddings, Neighbours, PictureSource, PluginContext, PluginEvent } from '../../core/index.ts';
import {
  definePlugin,
  dot,
  failure,
  Inbox,
  jointStanding,
  parsePrompt,
  picturesField,
  promptTargets,
  row,
  stacked,
  standingOf,
  totalOf,
} from '../../core/index.ts';
import { duplicateGroups } from './duplicates.ts';
import { type Feedback, feedbackOf } from './feedback.ts';
import { Index, type Known } from './index-store.ts';

/** The beginning of a day where this runs, in milliseconds since 1970; undefined for a day that does not exist. */
function dayOf(text: string): number | undefined {
  const [year = 0, month = 0, day_ = 0] = text.split('-').map(Number);
  const date = new Date(year, month - 1, day_);
  return date.getMonth() === month - 1 && date.getDate() === day_ ? date.getTime() : undefined;
}
const day = z
  .string()
  .regex(/^(?:\d{4}-\d{2}-\d{2})?$/, 'a day like 2026-01-31')
  .refine((text) => text === '' || dayOf(text) !== undefined, 'that day does not exist');
const dayField = (title: string, description: string) => day.default('').meta({ title, description, advanced: true });

const parameters = z.object({
  query: z.string().trim().max(2000).optional().meta({
    title: 'Query',
    description:
      'What to look for: a beach | at night | people:-0.5 | [picture:like-this.png]; "" to list near-duplicates alone',
    control: 'prompt',
    positional: true,
  }),
  pictures: picturesField(),
  sketch: picturesField({
    title: 'Sketch',
    description: 'A drawing of what is looked for, beside the words or instead of them',
    positional: false,
    advanced: true,
  })
    .max(1)
    .default([]),
  liked: picturesField({
    title: 'More like',
    description: 'Answers that were right: more like these are looked for beside the query',
    positional: false,
    advanced: true,
  }).default([]),
  disliked: picturesField({
    title: 'Less like',
    description: 'Answers that were wrong: less like these',
    positional: false,
    advanced: true,
  }).default([]),
  best: z.int().min(1).max(10_000).default(20).meta({ title: 'Keep', description: 'How many of the best to list' }),
  duplicates: z.number().min(0).max(1).default(0).meta({
    title: 'Near-duplicates',
    description: 'Groups pictures whose cosine is at least this, 0.9 say; 0 looks for none',
  }),
  within: z.string().max(4096).default('').meta({
    title: 'Within',
    description: 'Only pictures whose path holds these letters',
    advanced: true,
  }),
  after: dayField('After', 'Only files changed on or after this day, like 2026-01-31'),
  before: dayField('Before', 'Only files changed before this day'),
  smallest: z.int().min(0).max(1_000_000).default(0).meta({
    title: 'Smallest',
    description: 'Only files of at least so many kilobytes',
    advanced: true,
  }),
  exactUpTo: z.int().min(0).max(10_000_000).default(200_000).meta({
    title: 'Exact up to',
    description: 'Among more pictures than this, neighbours are found approximately, through a graph that is kept',
    advanced: true,
  }),
  stay: z.boolean().default(false).meta({
    title: 'Stay',
    description: 'Waits for further queries until it is finished: each answers at once',
  }),
});
type Parameters = z.output<typeof parameters>;

function passing({ within, after, before, smallest }: Parameters): (known: Known) => boolean {
  const [from = 0, to = Number.POSITIVE_INFINITY] = [after, before].map((text) => (text ? dayOf(text) : undefined));
  return ({ path, changed, size }) =>
    path.includes(within) && changed >= from && changed < to && size >= 1024 * smallest;
}

interface Shelf {
  readonly files: readonly Known[];
  readonly rows: Embeddings;
  readonly neighbours: Neighbours;
  readonly feedback: Feedback;
}

/** The pictures nearest to a query, each prompt's cosine beside the whole. */
async function answer(
  query: string,
  sketch: readonly PictureSource[],
  shelf: Shelf,
  best: number,
  context: PluginContext,
): Promise<PluginEvent> {
  const { engine, signal } = context;
  const none = { count: 0, dimension: shelf.rows.dimension, data: new Float32Array() };
  const { targets, weights, names, pictured, own } = query
    ? await promptTargets(parsePrompt(query, context.random), context)
    : { targets: none, weights: [], names: [], pictured: [], own: new Set<string>() };
  const drawn = sketch.length > 0 ? await engine.embedAll(sketch, { signal }) : undefined;
  const [columns, each] = [
    [...names, ...(drawn ? ['sketch'] : [])],
    [...weights, ...(drawn ? [1] : [])],
  ];
  const parts = {
    targets: drawn ? stacked([...(targets.count > 0 ? [targets] : []), drawn]) : targets,
    pictured: each.map((_, k) => pictured[k] ?? true),
  };
  const fits = jointStanding(await standingOf(parts, context), each);
  const part = (k: number): Float32Array => (k < targets.count ? row(targets, k) : (drawn?.data ?? new Float32Array()));
  const total = totalOf(each);
  const wish = new Float32Array(shelf.rows.dimension);
  for (const [k, weight] of each.entries()) {
    const direction = part(k);
    for (let i = 0; i < wish.length; i++) wish[i] = (wish[i] ?? 0) + ((direction[i] ?? 0) * weight) / total;
  }
  for (const [d, v] of shelf.feedback.direction.entries()) wish[d] = (wish[d] ?? 0) + v;
  // The pictures that are asked with, or were judged already, are no answers.
  const { indices, cosines } = await shelf.neighbours.to(wish, best + own.size + shelf.feedback.judged.size, {
    signal,
  });
  const found = indices.flatMap((index, i) => {
    const picture = shelf.files[index]?.path ?? '';
    if (own.has(picture) || shelf.feedback.judged.has(picture)) return [];
    const found_ = row(shelf.rows, index);
    const values = each.map((_, k) => dot(part(k), found_));
    return [{ picture, score: cosines[i] ?? 0, values, percentile: fits(found_) }];
  });
  const items = found.slice(0, best);
  return { type: 'ranking', title: `Nearest to "${query || 'the sketch'}"`, columns, items };
}

/** Queries as people send them, until somebody says that it is enough. */
async function* queries(first: string, stay: boolean, context: PluginContext): AsyncGenerator<string> {
  const inbox = stay ? new Inbox(context, parsePrompt) : undefined;
  for (let next = first || undefined; inbox || next !== undefined; next = await inbox?.prompt()) {
    if (next !== undefined) yield next;
    else if (inbox?.finished) return;
  }
}

export default definePlugin({
  id: 'search',
  title: 'Search',
  description: 'Finds pictures in a folder by words, pictures or a sketch, and groups near-duplicates.',
  version: '1.1.0',
  group: 'find',
  about:
    'Index a folder once, then ask it by words, by a picture, by both with plus and minus, or by a drawn sketch. Only what changed is indexed again, and an index whose process was killed goes on where it was. Name answers that were right or wrong, and the next search looks for more like the ones and less like the others. With "Stay" the run waits for further queries and answers each in milliseconds: in the studio, type another query and press the button. Among very many pictures, neighbours are found through a graph that is kept beside the index.',
  steerable: true,
  parameters,
  async *run(p, context) {
    const { query = '', pictures: fields, best, duplicates, stay } = p;
    const { engine, signal } = context;
    if (!query && p.sketch.length === 0 && duplicates === 0 && !stay)
      throw failure('PARAMETER_INVALID', {
        plugin: 'search',
        what: 'give a query, a sketch, or a bound for near-duplicates',
      });
    if (query) parsePrompt(query);
    const pictures = await context.pictures(fields);
    const sketch = p.sketch.length > 0 ? await context.pictures(p.sketch) : [];
    const index = await Index.open(context);
    for await (const { done, notes } of index.update(pictures, context)) {
      yield* notes;
      yield { type: 'progress', done, total: pictures.length, label: 'indexing' };
      signal.throwIfAborted();
    }
    const { files, rows } = index.rows(pictures, passing(p));
    if (files.length === 0) throw failure('NO_PICTURES', { path: `${fields.join(', ')} with these filters` });
    // A filter that leaves few of them is exact, too.
    const graph = { name: index.name, ids: Float64Array.from(files, ({ id }) => id) };
    const neighbours = rows.count <= p.exactUpTo ? engine.neighbours(rows) : engine.neighbours(rows, graph);
    const feedback = await feedbackOf(p, rows, context);
    const shelf = { files, rows, neighbours, feedback };
    if (sketch.length > 0 && !query) yield await answer('', sketch, shelf, best, context);
    if (duplicates > 0) {
      const groups = await duplicateGroups(rows, duplicates, context);
      yield {
        type: 'table',
        title: 'Near-duplicates',
        columns: ['group', 'picture'],
        rows: groups.flatMap((g, i) => g.map((at) => [i + 1, files[at]?.path ?? ''])),
      };
    }
    for await (const words of queries(query, stay, context))
      try {
        yield await answer(words, sketch, shelf, best, context);
      } catch (thrown) {
        // One query that cannot be answered does not end those that follow.
        if (!stay || signal.aborted || !(thrown instanceof Error)) throw thrown;
        yield { type: 'note', text: thrown.message };
      }
  },
});
