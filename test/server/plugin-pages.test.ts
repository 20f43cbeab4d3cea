import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { loadRegistry } from '../../core/index.ts';
import { pagesIndex, pluginPage } from '../../server/plugin-page.ts';

const { plugins } = await loadRegistry();
const place = new URL('../../web/docs/', import.meta.url);
const written = (name: string): Promise<string> => readFile(new URL(name, place), 'utf8');

describe('the page of each plugin', () => {
  it.each(plugins.map((p) => [p.id, p] as const))(
    '%s is as the plugin says it now (npm run docs)',
    async (id, plugin) => {
      expect(existsSync(new URL(`${id}.webp`, place)), 'a picture of what it gives').toBe(true);
      expect(await written(`${id}.md`)).toBe(pluginPage(plugin, `${id}.webp`));
    },
  );
  it('is in the list of all', async () => {
    expect(await written('README.md')).toBe(pagesIndex(plugins));
  });
});
