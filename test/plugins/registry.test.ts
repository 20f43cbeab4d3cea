import { expect, it } from 'vitest';
import { loadRegistry } from '../../core/index.ts';

it('the registry holds the plugins that ship, and none is broken', async () => {
  const { plugins, broken } = await loadRegistry();
  expect(broken).toEqual([]);
  expect(plugins.map((p) => p.id)).toEqual(expect.arrayContaining(['guide', 'rerank', 'style-match']));
  expect(plugins.every((p) => p.builtIn)).toBe(true);
});
