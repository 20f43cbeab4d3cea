/** `lodestone start`: the studio. */
import { Command } from 'commander';
import pino from 'pino';
import { z } from 'zod';
import { FENCES_NETWORK, failure, issuesOf } from '../../core/index.ts';
import { policyIn } from '../files.ts';
import { DEFAULT_PORT, startServer } from '../server.ts';
import { GATE } from './run-plugin.ts';
import type { Shared } from './shared.ts';

const optionsSchema = z.object({
  host: z.string(),
  port: z.coerce.number().int().min(0).max(65_535),
  allow: z.array(z.string()).default([]),
  plugins: z.array(z.string()).default([]),
  data: z.string().optional(),
  gate: z.string().optional(),
  token: z.string().optional(),
});

/** Settles when the signal is aborted; it may have been, while plugins were read. */
const aborted = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

export function startCommand(shared: Shared): Command {
  const command = new Command('start')
    .description('Opens the studio: a page where pictures are made and ranked.')
    .option('--host <address>', 'address to listen on; off loopback a token is wanted', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 chooses a free one', String(DEFAULT_PORT))
    .option('--allow <folders...>', 'folders of pictures that the studio may read')
    .option('--plugins <folders...>', 'folders of plugins beside the built-in one')
    .option('--token <word>', 'what everybody must know who opens the studio; made and kept where one is wanted')
    .option(...GATE)
    .option('--data <folder>', 'where the gallery and uploads are kept (default: .lodestone in the home folder)');
  return shared.finish(command, async (context, _words, options) => {
    const given = optionsSchema.safeParse(options);
    if (!given.success) throw failure('USAGE', { what: issuesOf(given.error) });
    const { data, gate, token, ...rest } = given.data;
    const policy = await policyIn(gate);
    const logger = pino({ level: process.env['LODESTONE_LOG'] ?? 'warn' }, pino.destination(2));
    const server = await startServer({
      ...rest,
      logger,
      ...(data ? { data } : {}),
      ...(policy ? { policy } : {}),
      ...(token ? { token } : {}),
      engine: context.engine,
    });
    try {
      if (!context.signal.aborted) {
        context.terminal.line(`Lodestone is at ${server.url}`);
        if (server.strangers && !FENCES_NETWORK)
          context.terminal.warn(
            `Plugins that do not ship with Lodestone run behind a fence, but Node ${process.versions.node} cannot keep them from the network; Node 25 and later can.`,
          );
        context.terminal.document({ url: server.url });
        await aborted(context.signal);
      }
    } finally {
      await server.close();
    }
    // Closing is what was asked for.
    context.ended(0);
  });
}
