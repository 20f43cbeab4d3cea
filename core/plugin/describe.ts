/** The process that reads plugins' schemas for the registry. */
import { z } from 'zod';
import { parentPort } from '../process/child.ts';
import { Peer } from '../process/rpc.ts';
import { loadPlugin } from './load.ts';
import type { PluginDescription } from './registry.ts';

const requestSchema = z.object({ file: z.string() });

new Peer(parentPort(), {
  describe: async (args): Promise<PluginDescription> => {
    const { id, aliases, title, description, version, about, steerable, paintable, parameters } = await loadPlugin(
      requestSchema.parse(args).file,
    );
    return {
      id,
      aliases: [...(aliases ?? [])],
      title,
      description,
      version,
      about: about ?? '',
      steerable: steerable ?? false,
      paintable: paintable ?? false,
      parameters: { ...z.toJSONSchema(parameters, { io: 'input' }) },
    };
  },
});
