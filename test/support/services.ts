/** An engine and the services of a host, closed when the tests of the file end. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import {
  EMBEDDED,
  Engine,
  type EngineOptions,
  failure,
  type HostServices,
  type PluginEvent,
  picturesUnder,
  type RegisteredPlugin,
  runPlugin,
} from '../../core/index.ts';

export function useEngine(options: EngineOptions = {}): Engine {
  const engine = new Engine({ threads: 2, ...options });
  afterAll(() => engine.close());
  return engine;
}

/** Services that read only below `root`. */
export function servicesOf(engine: Engine, root = ''): HostServices & { readonly logged: string[] } {
  const logged: string[] = [];
  let kept: string | undefined;
  return {
    engine,
    logged,
    log: (message) => void logged.push(message),
    generate: async () => [],
    read: async (file) => {
      if (root === '' || !file.startsWith(root)) throw failure('PATH_OUTSIDE', { path: file });
      return readFile(file);
    },
    folder: async () => {
      kept ??= await mkdtemp(join(tmpdir(), 'lodestone-kept-'));
      return kept;
    },
    model: async (name) => (name === 'embedded' ? EMBEDDED : name),
    pictures: async (fields) => {
      const outside = fields.find((f) => root === '' || !f.startsWith(root));
      if (outside !== undefined) throw failure('PATH_OUTSIDE', { path: outside });
      const found = (await Promise.all(fields.map(picturesUnder))).flat();
      return found.map((path) => ({ path }));
    },
  };
}

export async function eventsOf(
  plugin: RegisteredPlugin,
  parameters: unknown,
  services: HostServices,
  options: Parameters<typeof runPlugin>[3] = {},
): Promise<PluginEvent[]> {
  const events: PluginEvent[] = [];
  const run = runPlugin(plugin, parameters, services, options);
  for await (const event of run.events) {
    events.push(event);
    // Nobody is there to answer.
    if (event.type === 'question') await run.steer({ control: 'finish' });
  }
  return events;
}

export type Table = Extract<PluginEvent, { type: 'table' }>;
/** The table whose title fits. */
export function tableOf(events: readonly PluginEvent[], title: RegExp): Table {
  const found = events.find((e): e is Table => e.type === 'table' && title.test(e.title));
  if (!found) throw new Error(`no table is called ${title}`);
  return found;
}
