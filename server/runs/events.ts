/** What happens to a run, as it is remembered: in this order it gives the run again. */
import { z } from 'zod';
import { type PluginEvent, pluginEventSchema, scriptSchema } from '../../core/index.ts';
import { jobStateSchema, plainErrorSchema } from '../wire.ts';

/** Milliseconds since 1970; for people, nothing is worked out from it. */
const at = z.number();
const name = z.string().max(4096);
/** What was kept, by the SHA-256 of its content. */
const sha256 = z.string().max(64).exactOptional();

/** Runs of different lanes do not wait for each other: those that draw for long, and those that answer soon. */
const laneSchema = z.enum(['long', 'short']);
export type Lane = z.output<typeof laneSchema>;
export const LANES: readonly Lane[] = laneSchema.options;

const runEventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('accepted'),
    at,
    plugin: z.object({ id: z.string(), title: z.string(), version: z.string() }),
    parameters: z.record(z.string(), z.json()),
    title: z.string(),
    /** What was changed at which step before it, for one that begins where another was; its first checkpoint is that state. */
    script: scriptSchema.default([]),
    /** Who asked for it: see http/person.ts. */
    by: z.string().max(64).default(''),
    lane: laneSchema.default('long'),
    /** Whoever brings it may do with the run what its person may. */
    key: z.string().max(64).exactOptional(),
    /** Whether its picture is one of many that are tried out: the shelf shows such where it is asked for them. */
    sketch: z.boolean().exactOptional(),
    /** The run that it branched off. */
    parent: z.string().exactOptional(),
  }),
  /** It runs, by a model of this hash where one is known. */
  z.object({ type: z.literal('started'), at, model: z.string().exactOptional() }),
  /** It was interrupted, and goes on from a checkpoint, or from its beginning. */
  z.object({ type: z.literal('taken-up'), at, step: z.int().nonnegative().exactOptional() }),
  z.object({ type: z.literal('told'), event: pluginEventSchema }),
  /** A state of that step is kept: others can begin there. */
  z.object({ type: z.literal('kept'), step: z.int().nonnegative() }),
  /** Its question was answered. */
  z.object({ type: z.literal('answered'), question: z.string() }),
  /** While it waits: whether it lets others go by. */
  z.object({ type: z.literal('held'), held: z.boolean() }),
  /** A drawing whose picture is still to come, by its name in the gallery. */
  z.object({ type: z.literal('drawing'), file: name, sha256 }),
  z.object({ type: z.literal('picture'), title: name, width: z.number(), height: z.number(), file: name, sha256 }),
  /** A report or a list, by its name among the reports. */
  z.object({ type: z.literal('file'), name, file: name, sha256 }),
  z.object({ type: z.literal('ended'), at, state: jobStateSchema, error: plainErrorSchema.exactOptional() }),
]);
export type RunEvent = z.output<typeof runEventSchema>;
export type Accepted = Extract<RunEvent, { type: 'accepted' }>;

/** What a plugin says that can be remembered as it is; bytes have places of their own. */
export type Told = Exclude<PluginEvent, { type: 'picture' | 'file' | 'checkpoint' }>;

/** A state that a run can begin from. */
export type KeptCheckpoint = Pick<Extract<PluginEvent, { type: 'checkpoint' }>, 'checkpoint' | 'script'>;

/** Whether the loss of the machine may not lose it: nobody was told before it is on the disk. */
export const isLasting = ({ type }: RunEvent): boolean => type !== 'told' && type !== 'answered';

/** Whether it is of the moment: the next takes its place, or it can be asked for; it is not remembered. */
export const isPassing = (event: RunEvent): boolean =>
  event.type === 'kept' || (event.type === 'told' && (event.event.type === 'frame' || event.event.type === 'progress'));

/** Nothing where it is no event. */
export const asRunEvent = (value: unknown): RunEvent | undefined => runEventSchema.safeParse(value).data;

/** The same of what was written as JSON. */
export function runEventOf(text: string): RunEvent | undefined {
  try {
    return asRunEvent(JSON.parse(text));
  } catch {
    return undefined;
  }
}
