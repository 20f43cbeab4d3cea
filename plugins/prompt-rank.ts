/** Which of several prompts fits a picture best, and how well each fits. */
import { z } from 'zod';
import type { PluginEvent } from '../core/index.ts';
import {
  csvOf,
  definePlugin,
  listed,
  meanInterval,
  noneReadable,
  noteOf,
  oftenInWords,
  pictureName,
  picturesField,
  reportEvent,
} from '../core/index.ts';

/** The share of each in a win: 1 for the one that fits best, parts of it where several fit equally well. */
function winners(cosines: readonly number[]): number[] {
  const best = Math.max(...cosines);
  const count = cosines.filter((c) => c === best).length;
  return cosines.map((c) => (c === best ? 1 / count : 0));
}

interface Seen {
  /** Percentiles of the prompts, and their shares in the win, a picture each. */
  readonly standings: readonly (readonly number[])[];
  readonly wins: readonly (readonly number[])[];
}
/** Which prompt fits over all pictures, and how sure that is: intervals over pictures drawn again. */
function overall(prompts: readonly string[], { standings, wins }: Seen, random: () => number): PluginEvent {
  const all = standings.length;
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const rows = prompts.map((prompt, k) => {
    const [standing, won] = [standings, wins].map((of) => of.map((picture) => picture[k] ?? 0)) as [number[], number[]]; // two in, two out
    const [fits, win] = [meanInterval(standing, random), meanInterval(won, random)];
    const count = won.reduce((a, b) => a + b, 0);
    const sure = oftenInWords(count, all, 1 / prompts.length);
    return [prompt, mean(standing), fits.from, fits.to, count / all, win.from, win.to, sure];
  });
  return {
    type: 'table',
    title: `Over all ${all} pictures: mean percentile, and how often each fits best (in 95 of 100 such samples from … to …)`,
    columns: ['prompt', 'percentile', 'from', 'to', 'fits best', 'from ', 'to ', 'wins'],
    rows: rows.sort((a, b) => Number(b[4]) - Number(a[4]) || Number(b[1]) - Number(a[1])),
  };
}

export default definePlugin({
  id: 'prompt-rank',
  title: 'Prompt rank',
  description: 'Puts prompts in order of how well they fit each picture.',
  version: '2.0.0',
  group: 'check',
  about:
    'The other way round from ranking pictures: one picture, many prompts. Use it to find the wording that a model understands best before you spend steps on guidance, or to see how close two phrasings are for it. Over several pictures, each prompt has its mean percentile and how often it fits best, with what other samples of such pictures would give.',
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
    const standings: (readonly number[])[] = [];
    const wins: (readonly number[])[] = [];
    let done = 0;
    for await (const one of engine.classifyAgainst(pictures, rows, { signal })) {
      done += 1;
      if ('error' in one) yield noteOf(one.error);
      else {
        const { index, cosines, probabilities, percentiles } = one;
        standings.push(percentiles);
        wins.push(winners(cosines));
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
    if (table.length === 0) throw noneReadable();
    const columns = ['picture', 'prompt', 'cosine', 'probability', 'percentile'];
    yield { type: 'table', title: 'How well each prompt fits', columns, rows: table };
    if (standings.length > 1) yield overall(prompts, { standings, wins }, context.random);
    yield reportEvent('prompts.csv', 'text/csv', csvOf(columns, table));
  },
});
