/** What a plugin asks of its host, and who answers: pictures, files, models, stores, a text-to-image service. What it may ask for is decided here. */
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { remembered } from '../clip/remembered.ts';
import { Engine } from '../engine/engine.ts';
import type { PictureSource } from '../engine/requests.ts';
import { failure, plainError } from '../errors.ts';
import type { Handler } from '../process/rpc.ts';
import type { Allowance } from './allowance.ts';
import { engineHandlers } from './engine-handlers.ts';
import type { Note } from './events.ts';
import { generateSchema } from './generate.ts';
import { imageHandlers } from './image-handlers.ts';
import type { PolicyGate } from './policy-gate.ts';
import type { RegisteredPlugin } from './registry.ts';
import type { RunInputs } from './run-inputs.ts';
import type { HostServices } from './services.ts';
import { storeHandlers } from './store-handlers.ts';
import { wantsInWords } from './wants.ts';

/** Engines of other models that one run may have. */
const MOST_ENGINES = 4;

const path = z.string().min(1).max(4096);
const nameSchema = z.object({ name: path });
const fileSchema = z.object({ file: path });
const logSchema = z.object({ message: z.string().max(10_000) });
const fieldsSchema = z.object({ fields: z.array(z.string().max(4096)).max(100_000) });

interface Answering {
  readonly plugin: RegisteredPlugin;
  readonly services: HostServices;
  readonly allowance: Allowance;
  /** A note of the run. */
  readonly say: (note: Note) => void;
  readonly gate: PolicyGate | undefined;
  /** Hashes of models that may be used; any when absent. */
  readonly known: readonly string[] | undefined;
  /** Grows with what the run is given. */
  readonly inputs: RunInputs;
  /** Told of every sign of life. */
  readonly alive: () => void;
  /** As much as a plugin may print. */
  readonly log: (line: string) => void;
}

export function answering({ plugin, services, allowance, say, gate, known, inputs, log, alive }: Answering): {
  /** Grows with every engine that is asked for. */
  readonly handlers: Readonly<Record<string, Handler>>;
  /** Ends the engines that were asked for. */
  readonly close: () => Promise<void>;
} {
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
  const noted = (text: string): void => say({ type: 'note', text });
  const handlers: Record<string, Handler> = {
    ...engineHandlers(services.engine, checked, granted, noted),
    ...imageHandlers(checkedPaths),
    alive: async () => alive(),
    log: async (args) => log(logSchema.parse(args).message),
    read: async (args) => {
      const { file } = fileSchema.parse(args);
      allowance.check([file]);
      const bytes = await services.read(file);
      inputs.read(file, bytes);
      return bytes;
    },
    model: async (args, { signal: cancelled }) => {
      const { name } = nameSchema.parse(args);
      if (name !== 'embedded') allowance.check([name]);
      const folder = await services.model(name, cancelled);
      if (known) await checkModel(name, folder, cancelled);
      granted.add(folder);
      return folder;
    },
    engineOf: async (args, { signal: cancelled }) => {
      const { name } = nameSchema.parse(args);
      if (name !== 'embedded') allowance.check([name]);
      const folder = await services.model(name, cancelled);
      if (others.length >= MOST_ENGINES) throw failure('ENGINE_BUSY', { limit: MOST_ENGINES });
      const other = new Engine({ model: folder });
      others.push(other);
      const prefix = `engine${others.length}.`;
      Object.assign(handlers, engineHandlers(other, checked, granted, noted, prefix));
      return prefix;
    },
    ...storeHandlers(
      () => services.folder(plugin.id),
      (paths) => checkedPaths(allowance.unknown(paths)),
    ),
    folder: async () => services.folder(plugin.id),
    generate: async (args, { signal: cancelled }) => {
      if (!plugin.wants.includes('generate'))
        throw failure('PLUGIN_NOT_GRANTED', { id: plugin.id, wants: wantsInWords(['generate']) });
      const request = generateSchema.parse(args);
      const made = await allowed(await services.generate(request, cancelled, noted));
      handedOut(made);
      inputs.given(made);
      return made;
    },
    pictures: async (args, { signal: cancelled }) => {
      const { fields } = fieldsSchema.parse(args);
      allowance.check(fields);
      const found = await services.pictures(fields, cancelled, noted);
      handedOut(found);
      inputs.given(found);
      return found;
    },
  };
  return { handlers, close: async () => void (await Promise.all(others.map((other) => other.close()))) };
}
