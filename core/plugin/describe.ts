/** The process that reads for the registry what a file says of itself: a plugin, a drawer or a pull. */
import { z } from 'zod';
import { parentPort } from '../process/child.ts';
import { Peer } from '../process/rpc.ts';
import { disarm } from './disarm.ts';
import { loadingSchema, loadModule, loadPlugin } from './load.ts';
import { describe, describeLoaded } from './told.ts';
import { tried } from './tried.ts';

const requestSchema = loadingSchema.extend({ extensions: z.array(loadingSchema).default([]) });

const port = parentPort();
disarm({ network: false });
new Peer(port, {
  describe: async (args) => {
    const { extensions, ...loading } = requestSchema.parse(args);
    if (extensions.length > 0) return describe(await loadPlugin(loading, extensions));
    const loaded = await loadModule(loading);
    tried(loaded, loading.file);
    return describeLoaded(loaded);
  },
});
