/** The process that runs one plugin for one job. Its context is made of messages to the host. */
import { basename } from 'node:path';
import { z } from 'zod';
import { Engine } from '../engine/engine.ts';
import { type PictureSource, pictureSchema } from '../engine/requests.ts';
import { failure, LodestoneError } from '../errors.ts';
import { checkpointSchema } from '../guidance/protocol.ts';
import { parentPort } from '../process/child.ts';
import { Peer } from '../process/rpc.ts';
import { seeded, seedFor } from '../random.ts';
import { bytesSchema, issuesOf, READ_LIMIT } from '../schemas.ts';
import type { PluginEvent } from './events.ts';
import { loadPlugin } from './load.ts';
import { type Steer, scriptSchema, steerSchema } from './steer.ts';

const runSchema = z.object({
  file: z.string(),
  parameters: z.unknown(),
  script: scriptSchema.default([]),
  resume: checkpointSchema.exactOptional(),
  checkpointEvery: z.int().nonnegative().default(0),
});
const HEARTBEAT_MS = 1000;

const listeners = new Set<(steer: Steer) => void | Promise<void>>();

const peer: Peer = new Peer(parentPort(), {
  run: (args, { signal }) => events(runSchema.parse(args), signal),
  steer: async (args) => {
    const steer = steerSchema.parse(args);
    for (const listener of listeners) await listener(steer);
    return listeners.size > 0;
  },
});
// A plugin that blocks its event loop sends no sign of life, and the host ends it.
setInterval(
  () => void peer.call('alive', { resident: process.memoryUsage.rss() }).catch(() => undefined),
  HEARTBEAT_MS,
).unref();

async function* events(
  { file, parameters, script, resume, checkpointEvery }: z.infer<typeof runSchema>,
  signal: AbortSignal,
): AsyncGenerator<PluginEvent> {
  const plugin = await loadPlugin(file);
  const parsed = plugin.parameters.safeParse(parameters);
  if (!parsed.success) throw failure('PARAMETER_INVALID', { plugin: plugin.id, what: issuesOf(parsed.error) });
  const seed = z.object({ seed: z.number().default(1) }).safeParse(parsed.data);
  yield* told(
    plugin.id,
    file,
    plugin.run(parsed.data, {
      engine: Engine.over(peer, 'engine.'),
      random: seeded(seedFor(seed.success ? seed.data.seed : 1, plugin.id)),
      signal,
      log: (message) => void peer.call('log', { message }).catch(() => undefined),
      pictures: async (fields): Promise<PictureSource[]> =>
        z.array(pictureSchema).parse(await peer.call('pictures', { fields }, signal)),
      read: async (file) => bytesSchema(READ_LIMIT).parse(await peer.call('read', { file }, signal)),
      model: async (name) => z.string().parse(await peer.call('model', { name }, signal)),
      engineOf: async (name) => Engine.over(peer, z.string().parse(await peer.call('engineOf', { name }, signal))),
      folder: async () => z.string().parse(await peer.call('folder', {}, signal)),
      generate: async (request): Promise<PictureSource[]> =>
        z.array(pictureSchema).parse(await peer.call('generate', request, signal)),
      onSteer: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      script,
      checkpointEvery,
      ...(resume ? { resume } : {}),
    }),
  );
}

/** What a plugin sends; what it throws, with the place in its file. */
async function* told(id: string, file: string, sent: AsyncGenerator<PluginEvent>): AsyncGenerator<PluginEvent> {
  try {
    yield* sent;
  } catch (thrown) {
    if (thrown instanceof LodestoneError || !(thrown instanceof Error) || thrown.name === 'AbortError') throw thrown;
    const line = thrown.stack?.split('\n').find((l) => l.includes(basename(file)));
    const place = line === undefined ? '' : ` (${line.trim().replace(/^at /, '').replace('file://', '')})`;
    throw failure('PLUGIN_FAILED', { id, what: `${thrown.name}: ${thrown.message}${place}` }, thrown);
  }
}
