/** `lodestone classify --labels FILE PICTURES...`: zero-shot classification with template ensembling. */

import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { z } from 'zod';
import { failure, pictureName, plainError } from '../../core/index.ts';
import { gatherPictures } from '../pictures.ts';
import { type Shared, withEngine } from './shared.ts';

const LABELS_LIMIT = 10_000;
const optionsSchema = z.object({ labels: z.string() });
const wordsSchema = z.tuple([z.array(z.string()).min(1)]);

async function labelsIn(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw failure('FILE_MISSING', { path: file }, cause);
  });
  const labels = text
    .split('\n')
    .map((l) => l.trim())
    .filter((l) => l !== '');
  if (labels.length === 0 || labels.length > LABELS_LIMIT)
    throw failure('USAGE', {
      what: `${file} holds ${labels.length} labels; write one a line, at least one and at most ${LABELS_LIMIT}.`,
    });
  return labels;
}

export function classifyCommand(shared: Shared): Command {
  const command = new Command('classify')
    .description('Which of the labels each picture shows.')
    .argument('<pictures...>', 'picture files, or folders of them')
    .requiredOption('--labels <file>', 'a text file with one label a line');
  return shared.finish(command, async (context, words, options) => {
    const labels = await labelsIn(optionsSchema.parse(options).labels);
    const [fields] = wordsSchema.parse(words);
    const pictures = await gatherPictures(fields, {});
    const results: object[] = [];
    await withEngine(context, async (engine) => {
      for await (const one of engine.classify(pictures, labels, { signal: context.signal })) {
        const picture = pictureName(pictures[one.index] ?? { path: '' });
        if ('error' in one) {
          context.terminal.warn(`${one.error.code}: ${one.error.message}`);
          results.push({ picture, error: one.error });
        } else {
          const order = one.probabilities
            .map((probability, i) => ({
              label: labels[i] ?? '',
              probability,
              cosine: one.cosines[i] ?? 0,
              percentile: one.percentiles[i] ?? 0,
            }))
            .sort((a, b) => b.probability - a.probability);
          results.push({ picture, labels: order });
          context.terminal.line(
            `${picture}: ${order
              .slice(0, 3)
              .map(
                (o) =>
                  `${o.label} ${(100 * o.probability).toFixed(1)} % (fits better than ${Math.floor(o.percentile)} % of captions)`,
              )
              .join(', ')}`,
          );
        }
        context.terminal.progress(results.length, pictures.length);
      }
    });
    const none = results.every((r) => 'error' in r);
    const error = none
      ? plainError(failure('NO_PICTURES', { path: `${fields.join(', ')}: none of them could be read` }))
      : undefined;
    context.terminal.document({ results, ...(error ? { error } : {}) });
    if (error) context.terminal.failed(error);
  });
}
