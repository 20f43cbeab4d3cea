/** `lodestone model check FOLDER` runs every graph in a model folder and compares with its golden values; `lodestone model info` says what a model is. */
import { Command } from 'commander';
import { z } from 'zod';
import type { FileReport, Inspection } from '../../core/index.ts';
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

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
const LOGITS_FROM = {
  graph: 'in the combined graph',
  config: 'in the configuration',
  assumed: 'assumed: the files do not say',
};

function described({ info, graphs, embedMs, gradientMs, speedError }: Inspection): string[] {
  const of = (name: string, value: string): string => `${name.padEnd(14)}${value}`;
  return [
    of('family', info.family),
    of('folder', info.folder),
    of('hash', info.hash),
    of('towers', info.towers.join(' and ') || 'none'),
    ...(info.towers.includes('image') ? [of('sees', `${info.side} x ${info.side} pixels`)] : []),
    ...(info.guiding
      ? [of('guides', `by ${info.guiding.file}, at ${info.guiding.side} x ${info.guiding.side} pixels`)]
      : []),
    ...(info.towers.includes('text') ? [of('reads', `${info.context} tokens at most`)] : []),
    ...(info.dimension ? [of('embedding', `${info.dimension} numbers`)] : []),
    of(
      'probability',
      `${info.activation}(${info.logits.scale.toFixed(2)} cosine ${info.logits.bias < 0 ? '-' : '+'} ${Math.abs(info.logits.bias).toFixed(2)}), ${LOGITS_FROM[info.logits.source]}`,
    ),
    of('precision', `${info.variant || 'plain'} of ${info.variants.map((v) => v || 'plain').join(', ')}`),
    ...(embedMs === undefined || gradientMs === undefined
      ? []
      : [of('speed', `${embedMs.toFixed(1)} ms to embed a picture, ${gradientMs.toFixed(1)} ms for a gradient`)]),
    ...(speedError ? [of('speed', `${speedError.code}: ${speedError.message}`)] : []),
    ...graphs.flatMap((g) => [
      '',
      `${g.file}  ${g.towers.join(' and ')}, ${megabytes(g.weightBytes)} of weights, ${(g.parameters / 1e6).toFixed(1)} million numbers`,
      `  ${Object.entries(g.operators)
        .map(([o, n]) => `${o} ${n}`)
        .join(', ')}`,
      `  ${g.unsupported.length === 0 ? 'all operators supported' : `not supported: ${g.unsupported.join(', ')}`}`,
    ]),
  ];
}

function infoCommand(shared: Shared): Command {
  const info = new Command('info')
    .description('What a model is made of: family, sizes, operators and whether they are supported, speed.')
    .argument('[model]', 'its folder, or organisation/name[@revision] on the hub; the embedded one when left out');
  return shared.finish(info, async (context, words, options) => {
    const [named] = z.tuple([z.string().optional()]).parse(words);
    const engine =
      named === undefined
        ? context.engine
        : { ...context.engine, ...(await context.open({ ...options, model: named })) };
    await withEngine({ ...context, engine }, async (opened) => {
      const found = await opened.inspect({ signal: context.signal });
      for (const text of described(found)) context.terminal.line(text);
      context.terminal.document(found);
    });
  });
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
  return new Command('model').description('About model folders.').addCommand(check).addCommand(infoCommand(shared));
}
