/** Ranks pictures by how well they fit a prompt: the folder of generations, best first. */
import { z } from 'zod';
import { definePlugin, parsePrompt, picturesField, promptField, rankedEvents } from '../core/index.ts';

export default definePlugin({
  id: 'rerank',
  aliases: ['rank'],
  title: 'Rerank',
  description: 'Puts pictures in order of how well they fit the prompt.',
  version: '1.0.0',
  parameters: z.object({
    prompt: promptField({ description: 'What the best picture shows; parts with weights: a cat:2 | blurry:-0.5' }),
    pictures: picturesField(),
    best: z
      .int()
      .min(0)
      .max(100_000)
      .default(0)
      .meta({ title: 'Keep', description: 'How many of the best to list; 0 lists all' }),
  }),
  async *run({ prompt, pictures: fields, best }, context) {
    const prompts = parsePrompt(prompt);
    const pictures = await context.pictures(fields);
    const targets = await context.engine.embedTexts(
      prompts.map((p) => p.text ?? ''),
      { signal: context.signal },
    );
    yield* rankedEvents(context.engine.embedPictures(pictures, { signal: context.signal }), {
      title: `How well each fits "${prompt}" (cosine)`,
      columns: prompts.map((p) => p.text ?? ''),
      pictures,
      targets,
      weights: prompts.map((p) => p.weight),
      best,
    });
  },
});
