/** `lodestone data`: what is kept, whether it is whole, and what may go. */
import { join } from 'node:path';
import { Command } from 'commander';
import { pino } from 'pino';
import { z } from 'zod';
import { failure, issuesOf, openJournal } from '../../core/index.ts';
import { Boards } from '../data/boards.ts';
import { checkData } from '../data/check.ts';
import { useAlone, useTogether } from '../data/company.ts';
import { daysAgo, pruneData } from '../data/prune.ts';
import { sizesOf } from '../data/sizes.ts';
import { Stars } from '../data/stars.ts';
import { DATA } from '../files.ts';
import { keepAt } from '../keep/at.ts';
import type { Keep } from '../keep/shelf.ts';
import { EmbeddedRuns } from '../runs/embedded.ts';
import type { Known, RunStore } from '../runs/store.ts';
import { DATA_FOLDER, PICTURES, REDIS, redisAddress } from './serving.ts';
import type { Context, Shared } from './shared.ts';

const placeSchema = z.object({
  data: z.string().default(DATA),
  pictures: z.string().exactOptional(),
  redis: redisAddress.exactOptional(),
});
const pruneSchema = z.object({
  days: z
    .string()
    .regex(/^\d+(?:\.\d+)?$/, 'a number of days')
    .transform(Number),
  dryRun: z.boolean().default(false),
});

interface Place {
  readonly data: string;
  readonly keep: Keep;
  readonly runs: readonly Known[];
  /** Whether nobody else writes there meanwhile. */
  readonly alone: boolean;
}

const given = <T>(schema: z.ZodType<T>, options: unknown): T => {
  const parsed = schema.safeParse(options);
  if (!parsed.success) throw failure('USAGE', { what: issuesOf(parsed.error) });
  return parsed.data;
};

/** The runs of a Redis, or of the data folder's own file, which nobody else may have meanwhile. Throws DATA_IN_USE, STORE_LOST. */
async function at(options: unknown, { terminal }: Context, work: (place: Place) => Promise<void>): Promise<void> {
  const { data, pictures, redis } = given(placeSchema, options);
  const keep = await keepAt(pictures, data);
  const use = await (redis === undefined ? useAlone(data) : useTogether(data));
  let store: RunStore | undefined;
  try {
    const warn = (line: string): void => terminal.warn(line);
    store =
      redis === undefined
        ? new EmbeddedRuns(openJournal(join(data, 'runs.sqlite'), warn), warn)
        : await (await import('../redis/runs.ts')).openRedisRuns(redis, pino({ level: 'silent' }));
    const nobody = {
      happened: () => undefined,
      queued: () => undefined,
      known: () => undefined,
      forgotten: () => undefined,
    };
    const { runs, unreadable } = await store.follow(nobody);
    if (unreadable > 0) terminal.warn(`${unreadable} runs could not be read.`);
    await work({ data, keep, runs, alone: redis === undefined });
  } finally {
    await store?.close();
    await use.release();
  }
}

const MB = 1e6;
const inWords = (bytes: number): string => `${(bytes / MB).toFixed(1)} MB`;

export function dataCommand(shared: Shared): Command {
  const placed = (command: Command): Command =>
    command
      .option(...DATA_FOLDER)
      .option(...PICTURES)
      .option(...REDIS);
  const list = shared.finish(
    placed(new Command('list').description('What is kept, and how large it is.')),
    (context, _words, options) =>
      at(options, context, async ({ data, keep, runs }) => {
        const sizes = await sizesOf(data, keep);
        const { size: stars } = await new Stars(data).read();
        for (const { what, files, bytes } of sizes)
          context.terminal.line(`${what.padEnd(12)}${String(files).padStart(8)} files  ${inWords(bytes).padStart(12)}`);
        context.terminal.line(`${runs.length} runs are remembered, ${stars} files are starred.`);
        context.terminal.document({ data, sizes, runs: runs.length, stars });
      }),
  );
  const check = shared.finish(
    placed(
      new Command('check').description(
        'Holds every file against the record of its run; removes what was half-written.',
      ),
    ),
    (context, _words, options) =>
      at(options, context, async ({ data, keep, runs, alone }) => {
        const { terminal, signal } = context;
        const folders = alone ? ['gallery', 'reports', 'uploads', '.'].map((name) => join(data, name)) : [];
        const progress = (done: number, total: number): void => terminal.progress(done, total);
        const checked = await checkData({ keep, runs, folders, progress, signal });
        for (const { what, kind, file, says } of checked.problems) terminal.line(`${what}: ${kind}/${file}: ${says}`);
        const wrong =
          checked.problems.length === 0 ? 'nothing is wrong' : `${checked.problems.length} are not as they were`;
        terminal.line(`${checked.files} files of ${checked.runs} runs and of the gallery: ${wrong}.`);
        if (checked.swept > 0) terminal.line(`${checked.swept} half-written files were removed.`);
        terminal.document(checked);
        if (checked.problems.length > 0) context.ended(1);
      }),
  );
  const prune = shared.finish(
    placed(
      new Command('prune')
        .description(
          'Removes pictures and reports that are old; what is starred, on a board, or named by a remembered run, stays.',
        )
        .requiredOption('--days <count>', 'what is older goes')
        .option('--dry-run', 'says what would go, and leaves it'),
    ),
    (context, _words, options) =>
      at(options, context, async ({ data, keep, runs }) => {
        const { days, dryRun } = given(pruneSchema, options);
        const boards = [...(await new Boards(data).read()).values()].flat();
        const stars = new Set([...(await new Stars(data).read()), ...boards]);
        const gone = await pruneData({ keep, runs, stars, before: daysAgo(days), dry: dryRun });
        for (const { kind, name } of gone) context.terminal.line(`${kind}/${name}`);
        const bytes = gone.reduce((sum, { size }) => sum + size, 0);
        context.terminal.line(`${gone.length} files, ${inWords(bytes)}, ${dryRun ? 'would go' : 'are gone'}.`);
        context.terminal.document({ gone, bytes, dry: dryRun });
      }),
  );
  const star = shared.finish(
    new Command('star')
      .description('Keeps pictures and reports for ever, by their names in the gallery.')
      .argument('<names...>')
      .option('--remove', 'not any more')
      .option(...DATA_FOLDER),
    async (context, words, options) => {
      const { data } = given(placeSchema.pick({ data: true }), options);
      const names = z.tuple([z.array(z.string())]).parse(words)[0];
      const stars = await new Stars(data).change(names, options['remove'] !== true);
      context.terminal.line(`${stars.size} files are starred.`);
      context.terminal.document({ stars: [...stars] });
    },
  );
  return new Command('data')
    .description('What is kept of runs: how much, whether it is whole, and what may go.')
    .addCommand(list, { isDefault: true })
    .addCommand(check)
    .addCommand(prune)
    .addCommand(star);
}
