/**
 * Runs a plugin in a process of its own. A plugin that throws, hangs, eats memory or exits ends nothing but its job.
 * This contains faults; it is no sandbox: a plugin's code can do what the person who started it can. Install only plugins that you trust.
 */
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { remembered } from '../clip/remembered.ts';
import { Engine } from '../engine/engine.ts';
import type { Policy } from '../engine/policy.ts';
import { type PictureSource, pictureName } from '../engine/requests.ts';
import { failure, LodestoneError, plainError } from '../errors.ts';
import type { Checkpoint } from '../guidance/protocol.ts';
import { entryBeside, startChild } from '../process/child.ts';
import type { Handler } from '../process/rpc.ts';
import { Peer } from '../process/rpc.ts';
import { issuesOf } from '../schemas.ts';
import { Between } from './between.ts';
import { engineHandlers } from './engine-handlers.ts';
import { type Note, type PluginEvent, pluginEventSchema } from './events.ts';
import { type GenerateRequest, generateSchema } from './generate.ts';
import { PolicyGate } from './policy-gate.ts';
import { isTypeScript, type RegisteredPlugin } from './registry.ts';
import { firstRecipe, recipeSchema, recordedInputs, withRecipe } from './run-record.ts';
import type { Script, Steer } from './steer.ts';

const HEAP_MIB = 512;
const RESIDENT_LIMIT = 2 * 1024 ** 3;
const aliveSchema = z.object({ resident: z.number() });
const SILENCE_SECONDS = 20;
const GRACE_MS = 900;
/** Engines of other models that one run may have. */
const MOST_ENGINES = 4;

export interface HostServices {
  readonly engine: Engine;
  /** Expands and checks what a pictures field holds. Throws PATH_OUTSIDE, FILE_MISSING, NO_PICTURES. */
  pictures(fields: readonly string[], signal?: AbortSignal): Promise<PictureSource[]>;
  /** A file that is no picture, checked like one. Throws PATH_OUTSIDE, FILE_MISSING, FILE_TOO_LARGE. */
  read(file: string): Promise<Uint8Array>;
  /** A folder that a plugin may write into, kept from run to run. */
  folder(plugin: string): Promise<string>;
  /** The folder of a model that a plugin may use beside the engine's. */
  model(name: string, signal: AbortSignal): Promise<string>;
  /** Asks a text-to-image service; `say` is for who waits: limits, second tries. Throws SERVICE_FAILED. */
  generate(request: GenerateRequest, signal: AbortSignal, say: (text: string) => void): Promise<PictureSource[]>;
  log(message: string): void;
}

/** How a running job is steered from outside. */
export interface PluginRun {
  readonly events: AsyncGenerator<PluginEvent>;
  /** Whether the plugin listens to being steered. Throws what its listener throws. */
  steer(steer: Steer): Promise<boolean>;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** What was changed at which step, for a run that is to be given again, and where to go on from. */
  readonly script?: Script;
  readonly resume?: Checkpoint;
  /** Steps between checkpoints; none when absent. */
  readonly checkpointEvery?: number;
  /** Pictures that it blocks, frames among them, are held back, and the run says why. */
  readonly policy?: Policy;
  /** Hashes of the models beside the engine's own, for a run that is to be given again; any when absent. */
  readonly others?: readonly string[];
  /** Keeps out of finished pictures how they were made. */
  readonly strip?: boolean;
  /** How long a plugin may give no sign of life. */
  readonly silenceSeconds?: number;
}

export function runPlugin(
  plugin: RegisteredPlugin,
  parameters: unknown,
  services: HostServices,
  options: RunOptions = {},
): PluginRun {
  const { signal, silenceSeconds = SILENCE_SECONDS, script = [], resume, checkpointEvery = 0, strip = false } = options;
  const { policy, others: known } = options;
  const gate = policy && new PolicyGate(policy, services.engine);
  const inputs: PictureSource[] = [];
  const child = startChild(entryBeside(import.meta.url, 'runner'), {
    heap: HEAP_MIB,
    typescript: isTypeScript(plugin.file),
    bare: true,
  });
  let lastSign = performance.now();
  let silent = false;
  let greedy = false;
  const checked = async (pictures: readonly PictureSource[]): Promise<void> => {
    const paths = pictures.flatMap((p) => ('path' in p ? [p.path] : []));
    if (paths.length > 0) await services.pictures(paths);
  };
  const told = new Between<unknown>();
  const say = (note: Note): void => told.say(note);
  const granted = new Set<string>();
  const hashes = new Map<string, Promise<string>>();
  /** Throws RECORD_OTHER_MODEL when it is none of those that the run is known to have used. */
  const checkModel = async (name: string, folder: string, cancelled: AbortSignal): Promise<void> => {
    const hash = await remembered(hashes, folder, () => services.engine.hashOf(folder, { signal: cancelled }));
    if (known && !known.includes(hash)) throw failure('RECORD_OTHER_MODEL', { name, wanted: known, found: hash });
  };
  const others: Engine[] = [];
  /** Of fetched pictures, those that the policy lets pass; the others are gone. */
  const allowed = async (pictures: readonly PictureSource[]): Promise<PictureSource[]> => {
    const held = await Promise.all(pictures.map((picture) => gate?.held(picture)));
    for (const [i, note] of held.entries()) {
      const picture = pictures[i];
      if (!note || !picture) continue;
      say(note);
      if ('path' in picture) await rm(picture.path, { force: true });
    }
    return pictures.filter((_, i) => !held[i]);
  };
  const handlers: Record<string, Handler> = {
    ...engineHandlers(services.engine, checked, granted),
    alive: async (args) => {
      lastSign = performance.now();
      // The heap's limit does not count buffers; what the process holds in all does.
      if (aliveSchema.parse(args).resident < RESIDENT_LIMIT) return;
      greedy = true;
      child.kill();
    },
    log: async (args) => services.log(z.object({ message: z.string().max(10_000) }).parse(args).message),
    read: async (args) => {
      const { file } = z.object({ file: z.string().min(1).max(4096) }).parse(args);
      const bytes = await services.read(file);
      inputs.push({ bytes, name: file });
      return bytes;
    },
    model: async (args, { signal: cancelled }) => {
      const { name } = z.object({ name: z.string().min(1).max(4096) }).parse(args);
      const folder = await services.model(name, cancelled);
      if (known) await checkModel(name, folder, cancelled);
      granted.add(folder);
      return folder;
    },
    engineOf: async (args, { signal: cancelled }) => {
      const folder = await services.model(z.object({ name: z.string().min(1).max(4096) }).parse(args).name, cancelled);
      if (others.length >= MOST_ENGINES) throw failure('ENGINE_BUSY', { limit: MOST_ENGINES });
      const other = new Engine({ model: folder });
      others.push(other);
      const prefix = `engine${others.length}.`;
      Object.assign(handlers, engineHandlers(other, checked, granted, prefix));
      return prefix;
    },
    folder: async () => services.folder(plugin.id),
    generate: async (args, { signal: cancelled }) =>
      allowed(await services.generate(generateSchema.parse(args), cancelled, (text) => say({ type: 'note', text }))),
    pictures: async (args, { signal: cancelled }) => {
      const found = await services.pictures(z.object({ fields: z.array(z.string()) }).parse(args).fields, cancelled);
      inputs.push(...found);
      return found;
    },
  };
  const peer = new Peer(child.port, handlers);
  const watch = setInterval(() => {
    if (performance.now() - lastSign < silenceSeconds * 1000) return;
    silent = true;
    child.kill();
  }, 500);
  watch.unref();

  /** What a plugin sent, checked; pictures are held back by the policy, and finished ones say how they were made. */
  async function finished(sent: unknown): Promise<PluginEvent | undefined> {
    const parsed = pluginEventSchema.safeParse(sent);
    if (!parsed.success)
      throw failure('PLUGIN_FAILED', {
        id: plugin.id,
        what: `it sent ${typeOf(sent)} that is not allowed (${issuesOf(parsed.error)})`,
      });
    const event = gate ? await gate.pass(parsed.data) : parsed.data;
    if (strip || event?.type !== 'picture') return event;
    return signedPicture(event, plugin, parameters, services.engine, inputs);
  }

  async function* events(): AsyncGenerator<PluginEvent> {
    let grace: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      grace = setTimeout(() => child.kill(), GRACE_MS);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const request = { file: plugin.file, parameters, script, checkpointEvery, ...(resume ? { resume } : {}) };
      for await (const sent of told.all(peer.stream('run', request, signal))) {
        lastSign = performance.now();
        const event = await finished(sent);
        if (event) yield event;
      }
    } catch (thrown) {
      throw annotated(thrown, plugin.id, {
        silent,
        greedy,
        seconds: silenceSeconds,
        cancelled: signal?.aborted ?? false,
      });
    } finally {
      clearTimeout(grace);
      clearInterval(watch);
      signal?.removeEventListener('abort', onAbort);
      child.kill();
      await Promise.all(others.map((other) => other.close()));
    }
  }
  return {
    events: events(),
    steer: async (steer) =>
      (await peer.call('steer', steer).catch((thrown: unknown) => {
        // A plugin that has ended, or whose run has not begun, listens no more, or not yet.
        const { code } = plainError(thrown);
        if (code === 'ENGINE_STOPPED' || code === 'JOB_UNKNOWN') return false;
        throw thrown;
      })) === true,
  };
}

const typeOf = (sent: unknown): string => {
  const named = z.object({ type: z.string().max(40) }).safeParse(sent);
  return named.success ? `an event of the type "${named.data.type}"` : 'an event without a type';
};

/** Parameters with what is meant where nothing is given, so that they mean the same should a default change. */
function withDefaults(schema: RegisteredPlugin['parameters'], given: unknown): Record<string, unknown> {
  const fields = z
    .object({ properties: z.record(z.string(), z.object({ default: z.unknown().optional() })) })
    .safeParse(schema);
  const defaults = Object.entries(fields.data?.properties ?? {}).flatMap(([name, field]) =>
    field.default === undefined ? [] : [[name, field.default] as const],
  );
  return { ...Object.fromEntries(defaults), ...(typeof given === 'object' ? given : {}) };
}

type Picture = Extract<PluginEvent, { type: 'picture' }>;
const toldSchema = z.object({
  threads: z.int().positive().exactOptional(),
  onnxruntime: z.string().exactOptional(),
  steps: z.int().nonnegative().exactOptional(),
  others: z.array(z.string()).exactOptional(),
  script: z.array(z.object({ step: z.int().nonnegative(), change: z.json() })).default([]),
});

/** A finished picture with how it was made, in its record and, in a PNG or an SVG, in the file itself. */
async function signedPicture(
  picture: Picture,
  plugin: RegisteredPlugin,
  given: unknown,
  engine: Engine,
  inputs: readonly PictureSource[],
): Promise<Picture> {
  const told = toldSchema.safeParse(picture.record ?? {});
  const recipe = recipeSchema.safeParse({
    ...(await firstRecipe(plugin, withDefaults(plugin.parameters, given), engine)),
    inputs: await recordedInputs([...new Map(inputs.map((p) => [pictureName(p), p])).values()]),
    ...told.data,
    script: told.data?.script.map(({ step, change }) => ({ step, steer: change })),
  });
  // A plugin that keeps a record of its own cannot be given again from outside.
  if (!recipe.success) return picture;
  return { ...picture, bytes: withRecipe(picture.bytes, recipe.data), record: recipe.data };
}

/** The one place where a plugin's error gets the plugin's name. */
function annotated(
  thrown: unknown,
  id: string,
  how: { silent: boolean; greedy: boolean; seconds: number; cancelled: boolean },
): LodestoneError {
  if (how.cancelled) return failure('CANCELLED', {});
  if (how.greedy)
    return failure('PLUGIN_FAILED', { id, what: `it took more than ${RESIDENT_LIMIT >> 20} MiB of memory` });
  if (how.silent) return failure('PLUGIN_SILENT', { id, seconds: how.seconds });
  if (!(thrown instanceof LodestoneError)) return failure('PLUGIN_FAILED', { id, what: String(thrown) }, thrown);
  if (thrown.code === 'ENGINE_STOPPED')
    return failure('PLUGIN_FAILED', { id, what: `its process stopped. ${thrown.message}` }, thrown);
  return thrown.code === 'INTERNAL' ? failure('PLUGIN_FAILED', { id, what: thrown.message }, thrown) : thrown;
}
