/** `lodestone start`: the studio. */
import { Command } from 'commander';
import { z } from 'zod';
import { FENCES_NETWORK, failure, issuesOf } from '../../core/index.ts';
import { policyIn } from '../files.ts';
import type { RunningServer } from '../server.ts';
import { GATE } from './run-plugin.ts';
import {
  ALLOW,
  DATA_FOLDER,
  logged,
  PICTURES,
  PLUGINS,
  PORT,
  portSchema,
  REDIS,
  redisAddress,
  untilTold,
} from './serving.ts';
import type { Shared } from './shared.ts';
import type { Terminal } from './terminal.ts';

const optionsSchema = z.object({
  host: z.string(),
  port: portSchema,
  allow: z.array(z.string()).default([]),
  plugins: z.array(z.string()).default([]),
  data: z.string().exactOptional(),
  gate: z.string().optional(),
  pictures: z.string().exactOptional(),
  token: z.string().exactOptional(),
  redis: redisAddress.exactOptional(),
  work: z.boolean().default(true),
});

function greet({ url, port }: RunningServer, wished: number, terminal: Terminal): void {
  if (wished !== 0 && port !== wished) terminal.warn(`Port ${wished} is taken: this is port ${port}.`);
  terminal.line(`Lodestone is at ${url}`);
}

export function startCommand(shared: Shared): Command {
  const command = new Command('start')
    .description('Opens the studio: a page where pictures are made and ranked.')
    .option('--host <address>', 'address to listen on; off loopback a token is wanted', '127.0.0.1')
    .option(...PORT)
    .option(...ALLOW)
    .option(...PLUGINS)
    .option('--token <word>', 'what everybody must know who opens the studio; made and kept where one is wanted')
    .option(...GATE)
    .option(...PICTURES)
    .option(...REDIS)
    .option('--no-work', 'leave the work to workers: see "lodestone worker"')
    .option(...DATA_FOLDER);
  return shared.finish(command, async (context, _words, options) => {
    const given = optionsSchema.safeParse(options);
    if (!given.success) throw failure('USAGE', { what: issuesOf(given.error) });
    const { gate, work, ...rest } = given.data;
    if (!(work || rest.redis)) throw failure('USAGE', { what: '--no-work leaves nobody to work without --redis' });
    const policy = await policyIn(gate);
    // The only command that serves: the others start without these libraries.
    const [logger, { startServer }] = await Promise.all([logged(), import('../server.ts')]);
    const server = await startServer({
      ...rest,
      logger,
      ...(policy ? { policy } : {}),
      works: work,
      engine: context.engine,
    });
    await untilTold(server, context, () => {
      greet(server, rest.port, context.terminal);
      if (server.strangers && !FENCES_NETWORK)
        context.terminal.warn(
          `Plugins that do not ship with Lodestone run behind a fence, but Node ${process.versions.node} cannot keep them from the network; Node 25 and later can.`,
        );
      context.terminal.document({ url: server.url });
    });
  });
}
