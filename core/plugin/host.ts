/**
 * Runs a plugin in a process of its own, behind Node's permission model: it reads its own code, asks this host for everything else, and gets what the
 * person named. A plugin that throws, hangs, eats memory or exits ends nothing but its job.
 */
import { mkdirSync } from 'node:fs';
import { z } from 'zod';
import type { Policy } from '../engine/policy.ts';
import { failure, plainError } from '../errors.ts';
import { type Checkpoint, heldBy } from '../guidance/protocol.ts';
import { Between } from '../process/between.ts';
import { entryBeside, startChild } from '../process/child.ts';
import { watchResident } from '../process/resident.ts';
import { Peer } from '../process/rpc.ts';
import { issuesOf } from '../schemas.ts';
import { Allowance } from './allowance.ts';
import { annotated } from './annotated.ts';
import { answering } from './answering.ts';
import { type Note, type PluginEvent, pluginEventSchema } from './events.ts';
import { namedIn } from './extensions.ts';
import { fence } from './fence.ts';
import { HEAP_MIB, MESSAGE_LIMIT, RESIDENT_LIMIT } from './limits.ts';
import { PolicyGate } from './policy-gate.ts';
import { Printed } from './printed.ts';
import type { RegisteredPlugin } from './registry.ts';
import { RunInputs } from './run-inputs.ts';
import type { HostServices } from './services.ts';
import { signedPicture } from './signed.ts';
import { type Script, type Steer, steerSchema } from './steer.ts';
import { type Want, wantsInWords } from './wants.ts';

const SILENCE_SECONDS = 20;
const LOOKS_EVERY_MS = 500;
/** What a plugin may ask for that has large answers. */
const HEAVY = ['read', 'image', 'sketch', 'kept'];
const GRACE_MS = 900;
/** How a running job is steered from outside. */
export interface PluginRun {
  readonly events: AsyncGenerator<PluginEvent>;
  /** Whether the plugin listens to being steered. Throws STEER_INVALID, and what its listener throws. */
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

const fieldsSchema = z.object({ properties: z.record(z.string(), z.object({ control: z.unknown() })) });

/** Fields that hold words and not paths. */
function promptFields(schema: RegisteredPlugin['parameters']): ReadonlySet<string> {
  const fields = Object.entries(fieldsSchema.safeParse(schema).data?.properties ?? {});
  return new Set(fields.flatMap(([name, { control }]) => (control === 'prompt' ? [name] : [])));
}

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
  const extensions = namedIn(parameters, plugin.extensions);
  const gate = policy && new PolicyGate(policy, services.engine);
  const inputs = new RunInputs((path) => services.nameOf?.(path) ?? path);
  // It writes there itself: see fence.ts.
  if (!plugin.builtIn && services.folderOf) makeFolder(services.folderOf(plugin.id));
  const printed = new Printed(services.log);
  const child = startChild(entryBeside(import.meta.url, 'runner'), {
    heap: HEAP_MIB,
    args: plugin.wants.includes('network') ? ['network'] : [],
    bare: true,
    messages: MESSAGE_LIMIT,
    prints: (line) => printed.line(line),
    flags: fence({
      reads: [...plugin.ready.reads, ...extensions.flatMap(({ ready }) => ready.reads)],
      writes: services.folderOf ? [services.folderOf(plugin.id)] : [],
      wants: plugin.wants,
    }),
  });
  let quiet = 0;
  let silent = false;
  let greedy = false;
  const allowance = new Allowance(plugin.id, plugin.wants.includes('files'));
  allowance.named(parameters, promptFields(plugin.parameters));
  for (const { steer } of script) allowance.named(steer);
  const told = new Between<PluginEvent>(weightOf);
  const say = (note: Note): void => told.say(note);
  const asked = answering({
    plugin,
    services,
    allowance,
    say,
    gate,
    known,
    inputs,
    alive: () => {
      quiet = 0;
    },
    log: (line) => printed.line(line),
  });
  const peer = new Peer(child.port, asked.handlers, undefined, HEAVY);
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

  /** What a plugin sent, checked. */
  async function* checked(all: AsyncGenerator<unknown>): AsyncGenerator<PluginEvent> {
    for await (const sent of all) {
      const parsed = pluginEventSchema.safeParse(sent);
      if (!parsed.success)
        throw failure('PLUGIN_FAILED', {
          id: plugin.id,
          what: `it sent ${typeOf(sent)} that is not allowed (${issuesOf(parsed.error)})`,
        });
      yield parsed.data;
    }
  }
  /** Pictures are held back by the policy, and finished ones say how they were made. */
  async function finished(sent: PluginEvent): Promise<PluginEvent | undefined> {
    const event = gate ? await gate.pass(sent) : sent;
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
      const modules = extensions.map(({ kind, id, file, ready }) => ({ kind, id, file, module: ready.module }));
      const from = resume ? { resume } : {};
      const request = { file: plugin.file, module, extensions: modules, parameters, script, checkpointEvery, ...from };
      for await (const sent of told.all(checked(peer.stream('run', request, signal)))) {
        quiet = 0;
        if (signal?.aborted) throw failure('CANCELLED', {});
        const event = await finished(sent);
        if (event) yield event;
      }
    } catch (thrown) {
      throw annotated(thrown, plugin.id, {
        silent,
        greedy,
        outOfHeap: printed.outOfHeap,
        seconds: silenceSeconds,
        cancelled: signal?.aborted ?? false,
      });
    } finally {
      clearTimeout(grace);
      clearInterval(watch);
      stopWatching();
      signal?.removeEventListener('abort', onAbort);
      child.kill();
      await asked.close();
    }
  }
  return {
    events: events(),
    steer: async (steer) => {
      const asked = steerSchema.safeParse(steer);
      if (!asked.success) throw failure('STEER_INVALID', { what: issuesOf(asked.error) });
      allowance.named(steer);
      return (
        (await told
          .meanwhile(() => peer.call('steer', steer))
          .catch((thrown: unknown) => {
            // A plugin that has ended, or whose run has not begun, listens no more, or not yet.
            const { code } = plainError(thrown);
            if (code === 'ENGINE_STOPPED' || code === 'JOB_UNKNOWN') return false;
            throw thrown;
          })) === true
      );
    },
  };
}

/** Bytes, about, of what tells how far a run is; anything else waits for who takes it. */
function weightOf(event: PluginEvent): number {
  switch (event.type) {
    case 'frame':
      return event.bytes.byteLength;
    case 'checkpoint':
      return heldBy(event.checkpoint) + JSON.stringify(event.script).length;
    case 'progress':
    case 'chart':
    case 'layout':
      return JSON.stringify(event).length;
    default:
      return Number.POSITIVE_INFINITY;
  }
}

const typeOf = (sent: unknown): string => {
  const named = z.object({ type: z.string().max(40) }).safeParse(sent);
  return named.success ? `an event of the type "${named.data.type}"` : 'an event without a type';
};
