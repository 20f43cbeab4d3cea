/** An engine and the services of a host, closed when the tests of the file end. */
import { readFile } from 'node:fs/promises';
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
  return {
    engine,
    logged,
    log: (message) => void logged.push(message),
    generate: async () => [],
    read: async (file) => {
      if (root === '' || !file.startsWith(root)) throw failure('PATH_OUTSIDE', { path: file });
      return readFile(file);
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
  for await (const event of runPlugin(plugin, parameters, services, options).events) events.push(event);
  return events;
}
