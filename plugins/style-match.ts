/**
 * Style apart from content: ranks pictures by closeness to the style of reference pictures, or draws a prompt in that style.
 * Style is read from statistics of the image tower's early layers, see core/clip/style.ts.
 */
import { z } from 'zod';
import type { Embeddings, PictureSource, PluginContext, PluginEvent } from '../core/index.ts';
import {
  definePlugin,
  dot,
  type EyeName,
  failure,
  guidanceSettingsSchema,
  guideEvents,
  LodestoneError,
  meanDirection,
  parsePrompt,
  pictureName,
  picturesField,
  promptField,
  rankedEvents,
  readyDrawer,
  row,
  seedField,
  sizeField,
  sizesFor,
  stacked,
  stepsField,
  strokes,
} from '../core/index.ts';

/** The mean style of the reference pictures as an eye sees it; the first that cannot be read is an error. */
async function profileOf(
  { engine, pictures, signal }: PluginContext,
  references: readonly string[],
  eye: EyeName,
): Promise<Embeddings> {
  const rows: number[] = [];
  let [count, dimension] = [0, 0];
  for await (const { embeddings, failures } of engine.styles(await pictures(references), { signal, eye })) {
    const [bad] = failures;
    if (bad) throw new LodestoneError(bad.error.code, bad.error.message);
    rows.push(...embeddings.data);
    count += embeddings.count;
    dimension = embeddings.dimension;
  }
  return meanDirection({ count, dimension, data: Float32Array.from(rows) });
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

/** The pictures in groups of one style, the largest first. */
async function* grouped(
  pictures: readonly PictureSource[],
  count: number,
  { engine, signal, random }: PluginContext,
): AsyncGenerator<PluginEvent> {
  const [names, parts]: [string[], Embeddings[]] = [[], []];
  for await (const { indices, embeddings } of engine.styles(pictures, { signal })) {
    names.push(...indices.map((i) => pictureName(pictures[i] ?? { path: '' })));
    parts.push(embeddings);
  }
  const found = clustered(stacked(parts), count, random);
  const sizes = [...new Set(found)].map((k) => ({ k, size: found.filter((f) => f === k).length }));
  const order = sizes.sort((a, b) => b.size - a.size).map((s) => s.k);
  const rows = names.map((name, i): [number, string] => [order.indexOf(found[i] ?? -1) + 1, name]);
  rows.sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1));
  yield { type: 'table', title: 'Pictures by style', columns: ['group', 'picture'], rows };
}

export default definePlugin({
  id: 'style-match',
  title: 'Style match',
  description: 'Finds the pictures that look most like the references, or draws the prompt in their style.',
  version: '4.0.0',
  group: 'find',
  about:
    "Style apart from content: statistics of the image tower's first layers hold colour, line and texture before they hold things. Rank pictures by how near they are to your references, sort a folder into groups of one manner, or draw a prompt in that style with a strength.",
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
    if (fields.length > 0) {
      const pictures = await context.pictures(fields);
      yield* rankedEvents(context.engine.styles(pictures, { signal: context.signal }), {
        title: 'Closeness in style to the references (cosine of style profiles)',
        columns: ['style'],
        pictures,
        targets: await profileOf(context, references, 'clean'),
        weights: [1],
        best: 0,
      });
      if (clusters > 0) yield* grouped(pictures, clusters, context);
    }
    if (prompt === undefined) return;
    yield* guideEvents(context, `${prompt} in that style`, {
      drawer: readyDrawer(strokes, {}, seed, sizesFor(size)),
      prompts: parsePrompt(prompt, context.random),
      settings: guidanceSettingsSchema.parse({ seed, steps, renewals: 8, awake: 0.25 }),
      losses: [],
      style: { profile: await profileOf(context, references, 'guiding'), weight: strength },
    });
  },
});
