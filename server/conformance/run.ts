/** A plugin's run as checks see it: what it said, and what it made. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, failure, type PluginEvent, type RegisteredPlugin, runPlugin } from '../../core/index.ts';
import { allowedModel, readAllowed } from '../files.ts';
import { gatherPictures } from '../pictures.ts';

export interface Ground {
  readonly engine: Engine;
  /** A folder of a few simple pictures. */
  readonly pictures: string;
  readonly signal: AbortSignal;
}

/** Runs it to its end, or until `look` says that it has seen enough. */
export async function eventsOf(
  plugin: RegisteredPlugin,
  parameters: unknown,
  { engine, signal }: Ground,
  look: (event: PluginEvent) => void = () => undefined,
): Promise<PluginEvent[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lodestone-conformance-'));
  try {
    const services = {
      engine,
      pictures: (fields: readonly string[]) => gatherPictures(fields, {}, signal),
      read: (file: string) => readAllowed(file, {}),
      model: (name: string) => allowedModel(name, { offline: true }, signal),
      folder: async () => folder,
      folderOf: () => folder,
      generate: async () => {
        throw failure('CANCELLED', {});
      },
      log: () => undefined,
    };
    const events: PluginEvent[] = [];
    const run = runPlugin(plugin, parameters, services, { signal, granted: plugin.wants });
    for await (const event of run.events) {
      events.push(event);
      look(event);
    }
    return events;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Picture = Extract<PluginEvent, { type: 'picture' }>;
/** Finished pictures as PNG, and as SVG where there are any. */
export function picturesIn(events: readonly PluginEvent[]): { readonly png: Uint8Array[]; readonly svg: Uint8Array[] } {
  const all = events.filter((e): e is Picture => e.type === 'picture');
  const of = (isVector: boolean): Uint8Array[] =>
    all.filter(({ mime }) => (mime === 'image/svg+xml') === isVector).map(({ bytes }) => bytes);
  return { png: of(false), svg: of(true) };
}
