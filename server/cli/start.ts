/** `lodestone start`: the studio. */
import { Command } from 'commander';
import pino from 'pino';
import { z } from 'zod';
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
});

export function startCommand(shared: Shared): Command {
  const command = new Command('start')
    .description('Opens the studio: a page where pictures are made and ranked.')
    .option('--host <address>', 'address to listen on; off loopback a token is wanted', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 chooses a free one', String(DEFAULT_PORT))
    .option('--allow <folders...>', 'folders of pictures that the studio may read')
    .option('--plugins <folders...>', 'folders of plugins beside the built-in one')
    .option(...GATE)
    .option('--data <folder>', 'where the gallery and uploads are kept (default: .lodestone in the home folder)');
  return shared.finish(command, async (context, _words, options) => {
    const { data, gate, ...rest } = optionsSchema.parse(options);
    const policy = await policyIn(gate);
    const logger = pino({ level: process.env['LODESTONE_LOG'] ?? 'warn' }, pino.destination(2));
    const server = await startServer({
      ...rest,
      logger,
      ...(data ? { data } : {}),
      ...(policy ? { policy } : {}),
      engine: context.engine,
    });
    context.terminal.line(`Lodestone is at ${server.url}`);
    context.terminal.document({ url: server.url });
    await new Promise<void>((resolve) => context.signal.addEventListener('abort', () => resolve(), { once: true }));
    await server.close();
  });
}
