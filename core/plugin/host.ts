/**
 * Runs a plugin in a process of its own, behind Node's permission model: it reads its own code, asks this host for everything else, and gets what the
 * person named. A plugin that throws, hangs, eats memory or exits ends nothing but its job.
 */
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { remembered } from '../clip/remembered.ts';
import { Engine } from '../engine/engine.ts';
import type { Policy } from '../engine/policy.ts';
import type { PictureSource } from '../engine/requests.ts';
import { failure, LodestoneError, plainError } from '../errors.ts';
import type { Checkpoint } from '../guidance/protocol.ts';
import { entryBeside, startChild } from '../process/child.ts';
import { watchResident } from '../process/resident.ts';
import type { Handler } from '../process/rpc.ts';
import { Peer } from '../process/rpc.ts';
import { issuesOf, MIB } from '../schemas.ts';
import { Allowance } from './allowance.ts';
import { Between } from './between.ts';
import { engineHandlers } from './engine-handlers.ts';
import { type Note, type PluginEvent, pluginEventSchema } from './events.ts';
import { fence } from './fence.ts';
import { type GenerateRequest, generateSchema } from './generate.ts';
import { imageHandlers } from './image-handlers.ts';
import { PolicyGate } from './policy-gate.ts';
import { Printed } from './printed.ts';
import type { RegisteredPlugin } from './registry.ts';
import { signedPicture } from './signed.ts';
import type { Script, Steer } from './steer.ts';
import { storeHandlers } from './store-handlers.ts';
import { type Want, wantsInWords } from './wants.ts';

const HEAP_MIB = 512;
const RESIDENT_LIMIT = 2048 * MIB;
const MESSAGE_LIMIT = 128 * MIB;
const HEAP_WORDS = `it took more than ${HEAP_MIB} MiB of memory`;
const SILENCE_SECONDS = 20;
const LOOKS_EVERY_MS = 500;
const GRACE_MS = 900;
/** Engines of other models that one run may have. */
const MOST_ENGINES = 4;

export interface HostServices {
  readonly engine: Engine;
  /** Expands and checks what a pictures field holds. Throws PATH_OUTSIDE, FILE_MISSING, NO_PICTURES. */
  pictures(fields: readonly string[], signal?: AbortSignal): Promise<PictureSource[]>;
  /** A file that is no picture, checked like one. Throws PATH_OUTSIDE, FILE_MISSING, FILE_TOO_LARGE. */
  read(file: string): Promise<Uint8Array>;
  /** A folder that a plugin may write into, kept from run to run; it is made when it is first asked for. */
  folder(plugin: string): Promise<string>;
  /** Where that folder is, or will be; a plugin may not open it itself when this is absent. */
  folderOf?(plugin: string): string;
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
  /** What the person has granted the plugin; one that ships with Lodestone has what it wants. */
  readonly granted?: readonly Want[];
}

/** What a plugin still has to be granted before it runs. */
export const ungranted = ({ wants, builtIn }: RegisteredPlugin, granted: readonly Want[]): Want[] =>
  builtIn ? [] : wants.filter((want) => !granted.includes(want));

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch {
    // Whoever asks for it is told.
  }
}

export function runPlugin(
  plugin: RegisteredPlugin,
  parameters: unknown,
  services: HostServices,
  options: RunOptions = {},
): PluginRun {
  const { signal, silenceSeconds = SILENCE_SECONDS, script = [], resume, checkpointEvery = 0, strip = false } = options;
  const { policy, others: known, granted: grants = [] } = options;
  const missing = ungranted(plugin, grants);
  if (missing.length > 0) throw failure('PLUGIN_NOT_GRANTED', { id: plugin.id, wants: wantsInWords(missing) });
  const gate = policy && new PolicyGate(policy, services.engine);
  const inputs: PictureSource[] = [];
  // It writes there itself: see fence.ts.
  if (!plugin.builtIn && services.folderOf) makeFolder(services.folderOf(plugin.id));
  const printed = new Printed(services.log);
  const child = startChild(entryBeside(import.meta.url, 'runner'), {
    heap: HEAP_MIB,
    bare: true,
    messages: MESSAGE_LIMIT,
    prints: (line) => printed.line(line),
    flags: fence({
      reads: plugin.ready.reads,
      writes: services.folderOf ? [services.folderOf(plugin.id)] : [],
      wants: plugin.wants,
    }),
  });
  let quiet = 0;
  let silent = false;
  let greedy = false;
  const allowance = new Allowance(plugin.id, plugin.wants.includes('files'));
  allowance.named(parameters);
  allowance.named(script);
  const checkedPaths = async (paths: readonly string[]): Promise<void> => {
    try {
      allowance.check(paths);
    } catch (unasked) {
      // What nobody may read here is told as that, whoever asks.
      await services.pictures(paths).catch((thrown: unknown) => {
        if (plainError(thrown).code === 'PATH_OUTSIDE') throw thrown;
      });
      throw unasked;
    }
    if (paths.length > 0) await services.pictures(paths);
  };
  const checked = (pictures: readonly PictureSource[]): Promise<void> =>
    checkedPaths(pictures.flatMap((p) => ('path' in p ? [p.path] : [])));
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
  const handedOut = (pictures: readonly PictureSource[]): void =>
    allowance.handedOut(pictures.flatMap((p) => ('path' in p ? [p.path] : [])));
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
    ...imageHandlers(checkedPaths),
    alive: async () => {
      quiet = 0;
    },
    log: async (args) => services.log(z.object({ message: z.string().max(10_000) }).parse(args).message),
    read: async (args) => {
      const { file } = z.object({ file: z.string().min(1).max(4096) }).parse(args);
      allowance.check([file]);
      const bytes = await services.read(file);
      inputs.push({ bytes, name: file });
      return bytes;
    },
    model: async (args, { signal: cancelled }) => {
      const { name } = z.object({ name: z.string().min(1).max(4096) }).parse(args);
      if (name !== 'embedded') allowance.check([name]);
      const folder = await services.model(name, cancelled);
      if (known) await checkModel(name, folder, cancelled);
      granted.add(folder);
      return folder;
    },
    engineOf: async (args, { signal: cancelled }) => {
      const { name } = z.object({ name: z.string().min(1).max(4096) }).parse(args);
      if (name !== 'embedded') allowance.check([name]);
      const folder = await services.model(name, cancelled);
      if (others.length >= MOST_ENGINES) throw failure('ENGINE_BUSY', { limit: MOST_ENGINES });
      const other = new Engine({ model: folder });
      others.push(other);
      const prefix = `engine${others.length}.`;
      Object.assign(handlers, engineHandlers(other, checked, granted, prefix));
      return prefix;
    },
    ...storeHandlers(() => services.folder(plugin.id), allowance),
    folder: async () => services.folder(plugin.id),
    generate: async (args, { signal: cancelled }) => {
      if (!plugin.wants.includes('generate'))
        throw failure('PLUGIN_NOT_GRANTED', { id: plugin.id, wants: wantsInWords(['generate']) });
      const request = generateSchema.parse(args);
      const made = await allowed(await services.generate(request, cancelled, (text) => say({ type: 'note', text })));
      handedOut(made);
      return made;
    },
    pictures: async (args, { signal: cancelled }) => {
      const { fields } = z.object({ fields: z.array(z.string().max(4096)).max(100_000) }).parse(args);
      allowance.check(fields);
      const found = await services.pictures(fields, cancelled);
      handedOut(found);
      // One by one: there may be a million.
      for (const picture of found) inputs.push(picture);
      return found;
    },
  };
  const peer = new Peer(child.port, handlers);
  // What counts is how often this process looked, not the clock: it may have been stopped itself, with the lid of a laptop say.
  const watch = setInterval(() => {
    quiet += LOOKS_EVERY_MS;
    if (quiet < silenceSeconds * 1000) return;
    silent = true;
    child.kill();
  }, LOOKS_EVERY_MS);
  watch.unref();
  // Seen from outside: a plugin that does not come to its senses says nothing of its own memory.
  const stopWatching = watchResident(child.pid, RESIDENT_LIMIT, () => {
    greedy = true;
    child.kill();
  });

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
      const { module } = plugin.ready;
      const request = { file: plugin.file, module, parameters, script, checkpointEvery, ...(resume ? { resume } : {}) };
      for await (const sent of told.all(peer.stream('run', request, signal))) {
        quiet = 0;
        if (signal?.aborted) throw failure('CANCELLED', {});
        const event = await finished(sent);
        if (event) yield event;
      }
    } catch (thrown) {
      throw annotated(thrown, plugin.id, {
        silent,
        greedy,
        heap: printed.outOfHeap,
        seconds: silenceSeconds,
        cancelled: signal?.aborted ?? false,
      });
    } finally {
      clearTimeout(grace);
      clearInterval(watch);
      stopWatching();
      signal?.removeEventListener('abort', onAbort);
      child.kill();
      await Promise.all(others.map((other) => other.close()));
    }
  }
  return {
    events: events(),
    steer: async (steer) => {
      allowance.named(steer);
      return (
        (await peer.call('steer', steer).catch((thrown: unknown) => {
          // A plugin that has ended, or whose run has not begun, listens no more, or not yet.
          const { code } = plainError(thrown);
          if (code === 'ENGINE_STOPPED' || code === 'JOB_UNKNOWN') return false;
          throw thrown;
        })) === true
      );
    },
  };
}

const typeOf = (sent: unknown): string => {
  const named = z.object({ type: z.string().max(40) }).safeParse(sent);
  return named.success ? `an event of the type "${named.data.type}"` : 'an event without a type';
};

/** The one place where a plugin's error gets the plugin's name. */
function annotated(
  thrown: unknown,
  id: string,
  how: { silent: boolean; greedy: boolean; heap: boolean; seconds: number; cancelled: boolean },
): LodestoneError {
  if (how.cancelled) return failure('CANCELLED', {});
  if (how.greedy)
    return failure('PLUGIN_FAILED', { id, what: `it took more than ${RESIDENT_LIMIT / MIB} MiB of memory` });
  if (how.silent) return failure('PLUGIN_SILENT', { id, seconds: how.seconds });
  if (!(thrown instanceof LodestoneError)) return failure('PLUGIN_FAILED', { id, what: String(thrown) }, thrown);
  if (thrown.code === 'ENGINE_STOPPED' && typeof thrown.cause === 'string')
    return failure(
      'PLUGIN_FAILED',
      { id, what: how.heap ? HEAP_WORDS : `its process stopped: ${thrown.cause}` },
      thrown,
    );
  return thrown.code === 'INTERNAL' ? failure('PLUGIN_FAILED', { id, what: thrown.message }, thrown) : thrown;
}
