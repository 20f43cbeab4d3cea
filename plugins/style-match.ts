/**
 * Style apart from content: ranks pictures by closeness to the style of reference pictures, or draws a prompt in that style.
 * Style is read from statistics of the image tower's early layers, see core/clip/style.ts.
 */
import { z } from 'zod';
import type { Embeddings, PluginContext } from '../core/index.ts';
import {
  definePlugin,
  guidanceSettingsSchema,
  guideEvents,
  LodestoneError,
  meanDirection,
  parsePrompt,
  picturesField,
  promptField,
  rankedEvents,
  readyDrawer,
  seedField,
  sizeField,
  sizesFor,
  stepsField,
  strokes,
} from '../core/index.ts';

/** The mean style of the reference pictures; the first that cannot be read is an error. */
async function profileOf(
  { engine, pictures, signal }: PluginContext,
  references: readonly string[],
): Promise<Embeddings> {
  const rows: number[] = [];
  let [count, dimension] = [0, 0];
  for await (const { embeddings, failures } of engine.styles(await pictures(references), { signal })) {
    const [bad] = failures;
    if (bad) throw new LodestoneError(bad.error.code, bad.error.message);
    rows.push(...embeddings.data);
    count += embeddings.count;
    dimension = embeddings.dimension;
  }
  return meanDirection({ count, dimension, data: Float32Array.from(rows) });
}

export default definePlugin({
  id: 'style-match',
  title: 'Style match',
  description: 'Finds the pictures that look most like the references, or draws the prompt in their style.',
  version: '1.0.0',
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
  async *run({ references, pictures: fields, prompt, strength, steps, seed, size }, context) {
    const profile = await profileOf(context, references);
    if (fields.length > 0) {
      const pictures = await context.pictures(fields);
      yield* rankedEvents(context.engine.styles(pictures, { signal: context.signal }), {
        title: 'Closeness in style to the references (cosine of style profiles)',
        columns: ['style'],
        pictures,
        targets: profile,
        weights: [1],
        best: 0,
      });
    }
    if (prompt === undefined) return;
    yield* guideEvents(context, `${prompt} in that style`, {
      drawer: readyDrawer(strokes, {}, seed, sizesFor(size)),
      prompts: parsePrompt(prompt, context.random),
      settings: guidanceSettingsSchema.parse({ seed, steps }),
      losses: [],
      style: { profile, weight: strength },
    });
  },
});
