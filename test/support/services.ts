/** An engine and the services of a host, closed when the tests of the file end. */
import { mkdtempSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { EMBEDDED, Engine, type EngineOptions, failure, type HostServices, listPictures } from '../../core/index.ts';

export function useEngine(options: EngineOptions = {}): Engine {
  // As many files as there are cores run at a time: a second thread each takes what it saves from the other.
  const engine = new Engine({ threads: 1, ...options });
  afterAll(() => engine.close());
  return engine;
}

/** Services that read only below `root`. */
export function servicesOf(engine: Engine, root = ''): HostServices & { readonly logged: string[] } {
  const logged: string[] = [];
  const kept = mkdtempSync(join(tmpdir(), 'lodestone-kept-'));
  return {
    engine,
    logged,
    log: (message) => void logged.push(message),
    generate: async () => [],
    read: async (file) => {
      if (root === '' || !file.startsWith(root)) throw failure('PATH_OUTSIDE', { path: file });
      return readFile(file);
    },
    folder: async () => kept,
    folderOf: () => kept,
    model: async (name) => (name === 'embedded' ? EMBEDDED : name),
    pictures: async (fields) => {
      const outside = fields.find((f) => root === '' || !f.startsWith(root));
      if (outside !== undefined) throw failure('PATH_OUTSIDE', { path: outside });
      const found = (await Promise.all(fields.map((f) => listPictures(f)))).flatMap((l) => l.paths);
      return found.map((path) => ({ path }));
    },
  };
}

export { eventsOf, type Table, tableOf } from './events.ts';
