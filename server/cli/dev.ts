/** `lodestone dev`: the studio with plugins that are being written. Saving reads them again. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { failure, issuesOf } from '../../core/index.ts';
import type { LiveRegistry } from '../live-registry.ts';
import { ALLOW, DATA_FOLDER, logged, PORT, portSchema, untilTold } from './serving.ts';
import type { Shared } from './shared.ts';
import type { Terminal } from './terminal.ts';

const optionsSchema = z.object({
  port: portSchema,
  allow: z.array(z.string()).default([]),
  data: z.string().exactOptional(),
});
const wordsSchema = z.tuple([z.array(z.string()).min(1)]);

/** What of these folders is there now, and what is wrong with the rest. */
function told({ plugins, extensions, broken }: LiveRegistry, terminal: Terminal): void {
  const own = [...plugins.filter((p) => !p.builtIn).map(({ id }) => `plugin ${id}`)];
  const all = [...own, ...extensions.map(({ kind, id }) => `${kind} ${id}`)];
  for (const { message } of broken) terminal.warn(message);
  terminal.line(all.length > 0 ? `Read: ${all.join(', ')}` : 'Nothing here can be read now.');
}

export function devCommand(shared: Shared): Command {
  const command = new Command('dev')
    .description('Opens the studio with plugins, drawers and pulls that you write: saving a file reads it again.')
    .argument('<folders...>', 'a folder with an index file, or a folder of such files')
    .option(...PORT)
    .option(...ALLOW)
    .option(...DATA_FOLDER);
  return shared.finish(command, async (context, words, options) => {
    const given = optionsSchema.safeParse(options);
    if (!given.success) throw failure('USAGE', { what: issuesOf(given.error) });
    const folders = wordsSchema.parse(words)[0].map((folder) => resolve(folder));
    const [logger, { startServer }] = await Promise.all([logged(), import('../server.ts')]);
    const server = await startServer({
      ...given.data,
      plugins: folders,
      watches: true,
      logger,
      engine: context.engine,
    });
    const { terminal } = context;
    await untilTold(server, context, () => {
      told(server.registry, terminal);
      server.registry.on('changed', () => told(server.registry, terminal));
      server.jobs.on('happened', (_job, event) => {
        if (event.type === 'ended' && event.error) terminal.warn(event.error.message);
      });
      terminal.line(`Lodestone is at ${server.url}`);
      terminal.document({ url: server.url });
    });
  });
}
