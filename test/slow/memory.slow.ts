/** Plugins that take gigabytes until they are ended. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadRegistry } from '../../core/index.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';

const folder = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const services = servicesOf(useEngine());
const registry = await loadRegistry([folder('plugins'), folder('plugins-hostile')]);
const run = (id: string, parameters: object): Promise<unknown> => eventsOf(registry.find(id), parameters, services);
const isFine = () => expect(run('meek', {})).resolves.toEqual([{ type: 'note', text: '2 texts' }]);

describe('a plugin that eats memory', () => {
  it.each([
    ['outside of the JavaScript heap', 'glutton', { what: 'buffers' }, 2048],
    ['of the JavaScript heap', 'mischief', { how: 'eat' }, 512],
  ])('%s is ended by what its process holds', async (_where, id, parameters, limit) => {
    await expect(run(id, parameters)).rejects.toMatchObject({
      code: 'PLUGIN_FAILED',
      message: `The plugin "${id}" failed: it took more than ${limit} MiB of memory`,
    });
    await isFine();
  });
});
