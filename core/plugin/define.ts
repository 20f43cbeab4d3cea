/** The plugin contract. A plugin is one exported constant; its schema is the only source of types, controls, flags and docs. */
import type { z } from 'zod';
import type { Engine } from '../engine/engine.ts';
import type { PictureSource } from '../engine/requests.ts';
import type { Checkpoint } from '../guidance/protocol.ts';
import type { PluginEvent } from './events.ts';
import type { Fit } from './fit.ts';
import type { GenerateRequest } from './generate.ts';
import type { Script, Steer } from './steer.ts';
import type { Want } from './wants.ts';

/** The engine as a plugin sees it: the calls that cross a process boundary. */
export type PluginEngine = Pick<
  Engine,
  | 'info'
  | 'embedTexts'
  | 'embedPictures'
  | 'embedAll'
  | 'embedLabels'
  | 'captions'
  | 'everyday'
  | 'usual'
  | 'usualPictures'
  | 'neighbours'
  | 'similarity'
  | 'probabilities'
  | 'classify'
  | 'classifyAgainst'
  | 'rankPictures'
  | 'rankAgainst'
  | 'rankPrompts'
  | 'styles'
  | 'pixelGradient'
  | 'saliency'
  | 'tokenGradient'
  | 'replacements'
  | 'guide'
  | 'steer'
>;

export interface PluginContext {
  readonly engine: PluginEngine;
  /** Uniform numbers in [0, 1) from the run's seed; the only randomness that a plugin may use. */
  readonly random: () => number;
  /** Aborts when the person cancels. Pass it on, or look at it between steps. */
  readonly signal: AbortSignal;
  readonly log: (message: string) => void;
  /** How well words fit a picture, and whether that may be called a fit. Throws what keeps a picture from being read. */
  readonly fit: (picture: PictureSource, words: string) => Promise<Fit>;
  /** Turns the value of a pictures field into pictures: folders are read, paths are checked. */
  readonly pictures: (fields: readonly string[]) => Promise<PictureSource[]>;
  /** The bytes of a file that is no picture: a list, a policy, picks. Throws PATH_OUTSIDE, FILE_MISSING, FILE_TOO_LARGE. */
  readonly read: (file: string) => Promise<Uint8Array>;
  /** The folder of another model, named as --model names it. Throws PATH_OUTSIDE, HUB_OFFLINE and what else keeps it away. */
  readonly model: (name: string) => Promise<string>;
  /** Another model's engine, named as --model names it; it is ended with the run. Throws what `model` throws. */
  readonly engineOf: (name: string) => Promise<PluginEngine>;
  /** Rows by key that are kept from run to run, for what is worked out once, an index say. They may be lost, and are then to be worked out again. */
  readonly store: (name: string) => PluginStore;
  /** Sizes in bytes and times of change (milliseconds) of pictures in files; nothing for those that are not there. */
  readonly stat: (paths: readonly string[]) => Promise<(FileFacts | undefined)[]>;
  /** A folder of the plugin's own, kept from run to run. */
  readonly folder: () => Promise<string>;
  /** Pictures of a prompt from a text-to-image model, written where the host keeps them. */
  readonly generate: (request: GenerateRequest) => Promise<PictureSource[]>;
  /** Calls back when somebody steers the run; what the listener throws is what they are told. Returns what ends that. */
  readonly onSteer: (listener: (steer: Steer) => void | Promise<void>) => () => void;
  /** What was changed at which step, for a run that is to be given again. */
  readonly script: Script;
  /** Where to go on from. */
  readonly resume?: Checkpoint;
  /** Steps between checkpoints that the host wants; 0 for none. */
  readonly checkpointEvery: number;
}

/** What people want of a plugin. */
export const GROUPS = ['make', 'find', 'check', 'learn'] as const;

export interface Plugin<S extends z.ZodObject = z.ZodObject> {
  /** Lower case, with hyphens; the command's name. */
  readonly id: string;
  /** Other names for the command. */
  readonly aliases?: readonly string[];
  readonly title: string;
  /** One sentence. */
  readonly description: string;
  readonly version: string;
  /** A paragraph for its page: what it is good for, and what to mind. */
  readonly about?: string;
  /** Where the studio shows it: among what makes pictures, which is where it is unless it says otherwise, finds, checks or teaches. */
  readonly group?: (typeof GROUPS)[number];
  /** Whether a run listens to `onSteer`; the studio then offers it. */
  readonly steerable?: boolean;
  /** Whether a run lets people paint on its drawing. */
  readonly paintable?: boolean;
  /** Whether it draws by any drawer and takes any pull: its parameters are made of those that are known, of others too. */
  readonly extensible?: boolean;
  /** What it needs beyond its own code and what the person names: see wants.ts. The person is asked once. */
  readonly wants?: readonly Want[];
  readonly parameters: S;
  run(parameters: z.output<S>, context: PluginContext): AsyncGenerator<PluginEvent, void, void>;
}

export interface PluginStore {
  get(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>;
  put(entries: readonly (readonly [string, Uint8Array])[]): Promise<void>;
}
export interface FileFacts {
  /** In bytes. */
  readonly size: number;
  /** When its content was changed, in milliseconds since 1970. */
  readonly changed: number;
  /** Another number whenever it is another file, or its name, its permissions or its content were changed. */
  readonly state: number;
}

/** Of plugins, drawers and pulls. */
export const ID = /^[a-z][a-z0-9-]{1,40}$/;

/** Declares a plugin; `run`'s parameters are typed by the schema. */
export function definePlugin<S extends z.ZodObject>(plugin: Plugin<S>): Plugin<S> {
  if (!ID.test(plugin.id))
    throw new TypeError(`"${plugin.id}" is not a plugin id: use lower case letters, digits and hyphens`);
  return plugin;
}
