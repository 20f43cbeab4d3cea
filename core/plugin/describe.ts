/** The process that reads a plugin's schema for the registry. */
import { z } from 'zod';
import { parentPort } from '../process/child.ts';
import { Peer } from '../process/rpc.ts';
import { disarm } from './disarm.ts';
import { loadPlugin } from './load.ts';
import { describe } from './told.ts';

const requestSchema = z.object({ file: z.string(), module: z.string() });

const port = parentPort();
disarm({ network: false });
new Peer(port, { describe: async (args) => describe(await loadPlugin(requestSchema.parse(args))) });
