/** `lodestone worker`: works on the runs that servers accept, on this machine or another. */
import { Command } from 'commander';
import { z } from 'zod';
import { failure, issuesOf, yieldCores } from '../../core/index.ts';
import { policyIn } from '../files.ts';
import { GATE } from './run-plugin.ts';
import { ALLOW, DATA_FOLDER, logged, PICTURES, PLUGINS, REDIS, redisAddress, untilTold } from './serving.ts';
import type { Shared } from './shared.ts';

const optionsSchema = z.object({
  redis: redisAddress,
  allow: z.array(z.string()).default([]),
  plugins: z.array(z.string()).default([]),
  data: z.string().exactOptional(),
  gate: z.string().optional(),
  pictures: z.string().exactOptional(),
});

export function workerCommand(shared: Shared): Command {
  const command = new Command('worker')
    .description('Works on the runs that servers with the same Redis accept.')
    .requiredOption(...REDIS)
    .option(...ALLOW)
    .option(...PLUGINS)
    .option(...GATE)
    .option(...PICTURES)
    .option(...DATA_FOLDER);
  return shared.finish(command, async (context, _words, options) => {
    const given = optionsSchema.safeParse(options);
    if (!given.success) throw failure('USAGE', { what: issuesOf(given.error) });
    const { gate, ...rest } = given.data;
    // Where servers stand on the same machine, they answer before this works.
    yieldCores();
    const policy = await policyIn(gate);
    const [logger, { startWorker }] = await Promise.all([logged(), import('../work/alone.ts')]);
    const worker = await startWorker({
      ...rest,
      logger,
      ...(policy ? { policy } : {}),
      engine: context.engine,
    });
    await untilTold(worker, context, () => {
      context.terminal.line('This worker takes runs.');
      context.terminal.document({ works: true });
    });
  });
}
