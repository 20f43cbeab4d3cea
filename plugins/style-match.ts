/**
 * Style apart from content: ranks pictures by closeness to the style of reference pictures, or draws a prompt in that style.
 * Style is read from statistics of the image tower's early layers, see core/clip/style.ts.
 */
import { z } from 'zod';
import type { Embeddings, PluginContext, PluginEvent } from '../core/index.ts';
import {
  definePlugin,
  dot,
  type EyeName,
  failure,
  guidanceSettingsSchema,
  guideEvents,
  LodestoneError,
  meanDirection,
  meanRow,
  parsePrompt,
  pictureName,
  picturesField,
  promptField,
  readyDrawer,
  row,
  seedField,
  seenPictures,
  sizeField,
  sizesFor,
  stacked,
  stepsField,
  strokes,
} from '../core/index.ts';

/** The style of each reference picture as an eye sees it; the first that cannot be read is an error. */
async function profilesOf(
  { engine, pictures, signal }: PluginContext,
  references: readonly string[],
  eye: EyeName,
): Promise<Embeddings> {
  const parts: Embeddings[] = [];
  for await (const { embeddings, failures } of engine.styles(await pictures(references), { signal, eye })) {
    const [bad] = failures;
    if (bad) throw new LodestoneError(bad.error.code, bad.error.message);
    parts.push(embeddings);
  }
  return stacked(parts);
}

/** Among fewer pictures, the deviation of a channel is not known well enough to count in. */
const FEW = 12;
/** Rows as unit rows in deviations from what is usual in a collection, channel by channel, so that no channel counts more because it varies more; as they are where the collection is small. */
function standardised(rows: Embeddings, collection: Embeddings): Embeddings {
  const { dimension } = rows;
  if (collection.count < FEW) return rows;
  const mean = meanRow(collection);
  const squares = new Float32Array(dimension);
  for (const [i, v] of collection.data.entries())
    squares[i % dimension] = (squares[i % dimension] ?? 0) + (v - (mean[i % dimension] ?? 0)) ** 2;
  const spreads = squares.map((v) => Math.max(Math.sqrt(v / collection.count), 1e-6));
  const parts = Array.from({ length: rows.count }, (_, k) => {
    const own = row(rows, k).map((v, d) => (v - (mean[d] ?? 0)) / (spreads[d] ?? 1));
    return meanDirection({ count: 1, dimension, data: own });
  });
  return stacked(parts);
}

const ROUNDS = 50;

/** Groups unit rows by the nearest of so many directions (spherical k-means, begun as k-means++ does, from the run's seed). */
function clustered(rows: Embeddings, count: number, random: () => number): number[] {
  const all = Array.from({ length: rows.count }, (_, i) => row(rows, i));
  const far = (x: Float32Array, centres: readonly Float32Array[]): number =>
    centres.reduce((least, c) => Math.min(least, 1 - dot(x, c)), 2);
  const centres = all.slice(0, 1);
  while (centres.length < Math.min(count, all.length)) {
    const apart = all.map((x) => far(x, centres));
    let left = random() * apart.reduce((a, b) => a + b, 0);
    const chosen = apart.findIndex((d) => {
      left -= d;
      return left <= 0;
    });
    centres.push(all[Math.max(0, chosen)] ?? new Float32Array());
  }
  let found = all.map(() => -1);
  for (let round = 0; round < ROUNDS; round++) {
    const next = all.map((x) => {
      const near = centres.map((c) => dot(x, c));
      return near.indexOf(Math.max(...near));
    });
    if (next.every((c, i) => c === found[i])) break;
    found = next;
    for (const k of centres.keys()) {
      const own = all.filter((_, i) => found[i] === k);
      if (own.length === 0) continue;
      const { dimension } = rows;
      centres[k] = meanDirection(stacked(own.map((data) => ({ count: 1, dimension, data })))).data;
    }
  }
  return found;
}

/** The pictures (a unit row each) in groups of one style, the largest first, each with the picture that stands in its middle. */
function* grouped(
  names: readonly string[],
  rows: Embeddings,
  count: number,
  random: () => number,
): Generator<PluginEvent> {
  const found = clustered(rows, count, random);
  const groups = [...new Set(found)]
    .map((k) => names.map((_, i) => i).filter((i) => found[i] === k))
    .sort((a, b) => b.length - a.length);
  const { dimension } = rows;
  const middles = groups.map((own) => {
    const centre = meanDirection(stacked(own.map((i) => ({ count: 1, dimension, data: row(rows, i) })))).data;
    const near = own.map((i) => dot(row(rows, i), centre));
    return own[near.indexOf(Math.max(...near))] ?? 0;
  });
  const table = groups.flatMap((own, g) => own.map((i): [number, string] => [g + 1, names[i] ?? '']));
  table.sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1));
  yield { type: 'table', title: 'Pictures by style', columns: ['group', 'picture'], rows: table };
  yield {
    type: 'table',
    title: 'What each group is like: the picture in its middle',
    columns: ['group', 'pictures', 'in the middle'],
    rows: groups.map((own, g) => [g + 1, own.length, names[middles[g] ?? 0] ?? '']),
  };
}

/** The pictures in order of style, and in groups of it. */
async function* ranked(
  { references, pictures: fields, clusters }: { references: string[]; pictures: string[]; clusters: number },
  context: PluginContext,
): AsyncGenerator<PluginEvent> {
  const { engine, signal, random } = context;
  const wanted = await profilesOf(context, references, 'clean');
  const pictures = await context.pictures(fields);
  const { sources, rows } = yield* seenPictures(engine.styles(pictures, { signal }), pictures);
  const own = standardised(rows, rows);
  const target = meanDirection(standardised(wanted, rows)).data;
  const names = sources.map(pictureName);
  const items = names.map((picture, i) => {
    const score = dot(row(own, i), target);
    return { picture, score, values: [score] };
  });
  items.sort((a, b) => b.score - a.score || (a.picture < b.picture ? -1 : 1));
  const among = rows.count < FEW ? '' : ', in deviations from what is usual among these pictures';
  yield {
    type: 'ranking',
    title: `Closeness in style to the references (cosine of style profiles${among})`,
    columns: ['style'],
    items,
  };
  if (clusters > 0) yield* grouped(names, own, clusters, random);
}

export default definePlugin({
  id: 'style-match',
  title: 'Style match',
  description: 'Finds the pictures that look most like the references, or draws the prompt in their style.',
  version: '5.0.0',
  group: 'find',
  about:
    "Style apart from content: statistics of the image tower's first layers hold colour, line and texture before they hold things. Rank pictures by how near they are to your references, sort a folder into groups of one manner with the picture in the middle of each, or draw a prompt in that style with a strength.",
  steerable: true,
  parameters: z.object({
    references: picturesField({
      title: 'References',
      description: 'Pictures whose style is wanted: files or folders',
      positional: false,
    }).min(1, 'name at least one reference picture'),
    pictures: picturesField({ description: 'Pictures to put in order of style; leave empty to draw' }).default([]),
    prompt: promptField({
      description: 'What to draw in that style; leave empty to rank',
      positional: false,
    }).optional(),
    clusters: z.int().min(0).max(50).default(0).meta({
      title: 'Clusters',
      description: 'Groups the pictures by style into so many; 0 ranks only',
    }),
    strength: z
      .number()
      .min(0)
      .max(100)
      .default(20)
      .meta({ title: 'Strength', description: 'How much the style matters beside the words' }),
    steps: stepsField({ description: 'How long the drawing is worked on' }),

    seed: seedField(),
    size: sizeField(),
  }),
  async *run({ references, pictures: fields, prompt, clusters, strength, steps, seed, size }, context) {
    if (fields.length === 0 && prompt === undefined)
      throw failure('PARAMETER_INVALID', {
        plugin: 'style-match',
        what: 'there is nothing to put in order and nothing to draw: name pictures (on the command line after --, which ends the list of references), or give a prompt',
      });
    if (fields.length > 0) yield* ranked({ references, pictures: fields, clusters }, context);
    if (prompt === undefined) return;
    yield* guideEvents(context, `${prompt} in that style`, {
      drawer: readyDrawer(strokes, {}, seed, sizesFor(size)),
      prompts: parsePrompt(prompt, context.random),
      settings: guidanceSettingsSchema.parse({ seed, steps, renewals: 8, awake: 0.25 }),
      losses: [],
      style: { profile: meanDirection(await profilesOf(context, references, 'guiding')), weight: strength },
    });
  },
});
