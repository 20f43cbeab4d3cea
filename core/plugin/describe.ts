/** The process that reads for the registry what a file says of itself: a plugin, a drawer or a pull. */
import { z } from 'zod';
import { parentPort } from '../process/child.ts';
import { Peer } from '../process/rpc.ts';
import { disarm } from './disarm.ts';
import { loadModule, loadPlugin } from './load.ts';
import { describe, describeLoaded } from './told.ts';

const loadingSchema = z.object({ file: z.string(), module: z.string() });
const requestSchema = loadingSchema.extend({ extensions: z.array(loadingSchema).default([]) });

const port = parentPort();
disarm({ network: false });
new Peer(port, {
  describe: async (args) => {
    const { extensions, ...loading } = requestSchema.parse(args);
    return extensions.length > 0
      ? describe(await loadPlugin(loading, extensions))
      : describeLoaded(await loadModule(loading));
  },
});
