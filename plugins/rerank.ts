/** Ranks pictures by how well they fit a prompt: the folder of generations, best first. */
import { z } from 'zod';
import {
  definePlugin,
  failure,
  parsePrompt,
  picturesField,
  promptField,
  promptTargets,
  rankedEvents,
  seedField,
} from '../core/index.ts';

export default definePlugin({
  id: 'rerank',
  aliases: ['rank'],
  title: 'Rerank',
  description: 'Puts pictures in order of how well they fit the prompt.',
  version: '1.0.0',
  parameters: z.object({
    prompt: promptField({ description: 'What the best picture shows; parts with weights: a cat:2 | blurry:-0.5' }),
    pictures: picturesField().default([]),
    best: z
      .int()
      .min(0)
      .max(100_000)
      .default(0)
      .meta({ title: 'Keep', description: 'How many of the best to list; 0 lists all' }),
    generate: z.int().min(0).max(64).default(0).meta({
      title: 'Generate',
      description: 'How many pictures to ask a text-to-image service for (its token in HF_TOKEN)',
      advanced: true,
    }),
    generator: z.string().min(1).max(200).default('black-forest-labs/FLUX.1-schnell').meta({
      title: 'Generator',
      description: 'The text-to-image model that is asked',
      advanced: true,
    }),
    seed: seedField({ advanced: true }),
  }),
  async *run({ prompt, pictures: fields, best, generate, generator, seed }, context) {
    const prompts = parsePrompt(prompt, context.random);
    if (fields.length === 0 && generate === 0) throw failure('NO_PICTURES', { path: 'an empty list' });
    const given = fields.length > 0 ? await context.pictures(fields) : [];
    const wanted = prompts
      .filter((p) => p.weight > 0)
      .flatMap((p) => p.targets.flat())
      .map((item) => item.text ?? '')
      .join(', ');
    const made =
      generate > 0 ? await context.generate({ prompt: wanted, count: generate, model: generator, seed }) : [];
    const pictures = [...given, ...made];
    const { targets, weights, names } = await promptTargets(prompts, context);
    yield* rankedEvents(context.engine.embedPictures(pictures, { signal: context.signal }), {
      title: `How well each fits "${prompt}" (cosine, and the percent of everyday captions that fit it less)`,
      columns: names,
      pictures,
      targets,
      weights,
      best,
      captions: await context.engine.captions({ signal: context.signal }),
    });
  },
});
