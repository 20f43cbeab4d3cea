/** Which of several prompts fits a picture best, and how well each fits. */
import { z } from 'zod';
import { definePlugin, listed, noteOf, pictureName, picturesField } from '../core/index.ts';

export default definePlugin({
  id: 'prompt-rank',
  title: 'Prompt rank',
  description: 'Puts prompts in order of how well they fit each picture.',
  version: '1.0.0',
  group: 'check',
  about:
    'The other way round from ranking pictures: one picture, many prompts. Use it to find the wording that a model understands best before you spend steps on guidance, or to see how close two phrasings are for it.',
  parameters: z.object({
    pictures: picturesField(),
    prompts: z.array(z.string().min(1).max(2000)).min(1).max(10_000).meta({
      title: 'Prompts',
      description: 'Prompts to compare: each in its own words, or a .txt file with one a line',
    }),
    best: z.int().min(0).max(10_000).default(0).meta({
      title: 'Keep',
      description: 'How many of the best to list for each picture; 0 lists all',
    }),
  }),
  async *run({ pictures: fields, prompts: given, best }, context) {
    const { engine, signal } = context;
    const prompts = await listed(given, 'prompt-rank', context);
    const pictures = await context.pictures(fields);
    const rows = await engine.embedTexts(prompts, { signal });
    const table: (string | number)[][] = [];
    let done = 0;
    for await (const one of engine.classifyAgainst(pictures, rows, { signal })) {
      done += 1;
      if ('error' in one) yield noteOf(one.error);
      else {
        const { index, cosines, probabilities, percentiles } = one;
        const order = prompts.map((_, i) => i).sort((a, b) => (cosines[b] ?? 0) - (cosines[a] ?? 0));
        for (const i of best > 0 ? order.slice(0, best) : order)
          table.push([
            pictureName(pictures[index] ?? { path: '' }),
            prompts[i] ?? '',
            cosines[i] ?? 0,
            probabilities[i] ?? 0,
            Math.round(percentiles[i] ?? 0),
          ]);
      }
      yield { type: 'progress', done, total: pictures.length };
    }
    yield {
      type: 'table',
      title: 'How well each prompt fits',
      columns: ['picture', 'prompt', 'cosine', 'probability', 'percentile'],
      rows: table,
    };
  },
});
