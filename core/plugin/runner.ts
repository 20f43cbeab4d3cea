/** The process that runs one plugin for one job. Its context is made of messages to the host. */
import { basename } from 'node:path';
import { z } from 'zod';
import { Engine } from '../engine/engine.ts';
import { type PictureSource, pictureSchema } from '../engine/requests.ts';
import { failure, LodestoneError } from '../errors.ts';
import { checkpointSchema } from '../guidance/protocol.ts';
import { workImagesWith } from '../image/image.ts';
import { parentPort } from '../process/child.ts';
import { Peer } from '../process/rpc.ts';
import { seeded, seedFor } from '../random.ts';
import { bytesSchema, issuesOf, READ_LIMIT } from '../schemas.ts';
import { disarm } from './disarm.ts';
import type { PluginEvent } from './events.ts';
import { fitOf } from './fit.ts';
import { loadingSchema, loadPlugin } from './load.ts';
import { type Steer, scriptSchema, steerSchema } from './steer.ts';

const runSchema = loadingSchema.extend({
  /** Drawers and pulls that it names. */
  extensions: z.array(loadingSchema.extend({ kind: z.string(), id: z.string() })).default([]),
  parameters: z.unknown(),
  script: scriptSchema.default([]),
  resume: checkpointSchema.exactOptional(),
  checkpointEvery: z.int().nonnegative().default(0),
});
const storedSchema = z.array(bytesSchema(READ_LIMIT).nullable());
const factsSchema = z.array(z.object({ size: z.number(), changed: z.number(), state: z.number() }).nullable());
const HEARTBEAT_MS = 1000;

const listeners = new Set<(steer: Steer) => void | Promise<void>>();

const port = parentPort();
// Its host says in what it is started with whether the network was granted.
disarm({ network: process.argv.includes('network') });
const peer: Peer = new Peer(port, {
  run: (args, { signal }) => events(runSchema.parse(args), signal),
  steer: async (args) => {
    const steer = steerSchema.parse(args);
    for (const listener of listeners) await listener(steer);
    return listeners.size > 0;
  },
});
// A plugin that blocks its event loop sends no sign of life, and the host ends it.
setInterval(() => void peer.call('alive', {}).catch(() => undefined), HEARTBEAT_MS).unref();
// This process may not open pictures itself.
workImagesWith({ image: (job) => peer.call('image', job), sketch: (job) => peer.call('sketch', job) });

async function* events(
  { file, module, extensions, parameters, script, resume, checkpointEvery }: z.infer<typeof runSchema>,
  signal: AbortSignal,
): AsyncGenerator<PluginEvent> {
  const plugin = await loadPlugin({ file, module }, extensions);
  const parsed = plugin.parameters.safeParse(parameters);
  if (!parsed.success) throw failure('PARAMETER_INVALID', { plugin: plugin.id, what: issuesOf(parsed.error) });
  const seed = z.object({ seed: z.number().default(1) }).safeParse(parsed.data);
  const engine = Engine.over(peer, 'engine.');
  yield* told(
    plugin.id,
    file,
    extensions,
    plugin.run(parsed.data, {
      engine,
      fit: (picture, words) => fitOf(engine, picture, words, signal),
      random: seeded(seedFor(seed.success ? seed.data.seed : 1, plugin.id)),
      signal,
      log: (message) => void peer.call('log', { message }).catch(() => undefined),
      pictures: async (fields): Promise<PictureSource[]> =>
        z.array(pictureSchema).parse(await peer.call('pictures', { fields }, signal)),
      read: async (file) => bytesSchema(READ_LIMIT).parse(await peer.call('read', { file }, signal)),
      model: async (name) => z.string().parse(await peer.call('model', { name }, signal)),
      engineOf: async (name) => Engine.over(peer, z.string().parse(await peer.call('engineOf', { name }, signal))),
      store: (name) => ({
        get: async (keys) =>
          storedSchema.parse(await peer.call('kept', { name, keys }, signal)).map((v) => v ?? undefined),
        put: async (entries) => void (await peer.call('keep', { name, entries }, signal)),
      }),
      stat: async (paths) => factsSchema.parse(await peer.call('stat', { paths }, signal)).map((f) => f ?? undefined),
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

/** What a plugin sends; what it throws, with the place in its file, or in one of its drawer or pulls. */
async function* told(
  id: string,
  file: string,
  extensions: readonly { readonly kind: string; readonly id: string; readonly file: string }[],
  sent: AsyncGenerator<PluginEvent>,
): AsyncGenerator<PluginEvent> {
  try {
    yield* sent;
  } catch (thrown) {
    if (thrown instanceof LodestoneError || !(thrown instanceof Error) || thrown.name === 'AbortError') throw thrown;
    const lines = thrown.stack?.split('\n') ?? [];
    const lineIn = (path: string): string | undefined => lines.find((l) => l.includes(`${basename(path)}:`));
    const whose = extensions.find((e) => lineIn(e.file));
    const line = lineIn(whose?.file ?? file);
    const place = line === undefined ? '' : ` (${line.trim().replace(/^at /, '').replace('file://', '')})`;
    const what = `${thrown.name}: ${thrown.message}${place}`;
    if (whose) throw failure('EXTENSION_FAILED', { kind: whose.kind, id: whose.id, what }, thrown);
    throw failure('PLUGIN_FAILED', { id, what }, thrown);
  }
}
