/** `lodestone model check FOLDER`: runs every graph in a model folder and compares with its golden values. */
import { Command } from 'commander';
import { z } from 'zod';
import type { FileReport } from '../../core/index.ts';
import { failure, plainError } from '../../core/index.ts';
import { type Shared, withEngine } from './shared.ts';

const wordsSchema = z.tuple([z.string()]);

const error = (x: number | undefined): string => (x === undefined ? '        -' : x.toExponential(2).padStart(9));
const time = (x: number | undefined): string => (x === undefined ? '      -' : x.toFixed(1).padStart(7));

function line(r: FileReport): string {
  const name = r.file.padEnd(32);
  if (r.error) return `${name} ${r.error.code}: ${r.error.message}`;
  return `${name}${error(r.imageEmbedding)} ${error(r.textEmbedding)} ${error(r.cosineGradient)} ${error(r.greatCircleGradient)} ${time(r.forward)} ${time(r.forwardAndBackward)}`;
}

export function modelCommand(shared: Shared): Command {
  const check = new Command('check')
    .description('Runs every graph in a model folder, compares with its golden values, and times it.')
    .argument('<folder>', 'a model folder in the Hugging Face layout');
  shared.finish(check, async (context, words) => {
    const [folder] = wordsSchema.parse(words);
    const files: FileReport[] = [];
    await withEngine(context, async (engine) => {
      context.terminal.line(`${'file'.padEnd(32)}    image      text  d cosine  d circle  fwd ms fwd+bwd`);
      for await (const report of engine.check(folder, { signal: context.signal })) {
        files.push(report);
        context.terminal.line(line(report));
        if (report.unsupported.length > 0) context.terminal.line(`  without a rule: ${report.unsupported.join(', ')}`);
      }
    });
    const bad = files.filter((f) => f.error);
    const what = `${bad.length} of its ${files.length} graphs cannot be used`;
    const error = bad.length > 0 ? plainError(failure('MODEL_BROKEN', { file: folder, what })) : undefined;
    context.terminal.document({ folder, files, ...(error ? { error } : {}) });
    if (error) context.terminal.failed(error);
  });
  return new Command('model').description('About model folders.').addCommand(check);
}
