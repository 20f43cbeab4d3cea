import { describe, expect, it } from 'vitest';
import { loadRegistry, type PluginEvent } from '../../core/index.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';
import { strangeModel } from '../support/with-models.ts';

// What it likes does not matter here: a small one is sooner compiled.
const engine = useEngine({ model: strangeModel() });
const registry = await loadRegistry();
const sketches = registry.plugins.filter((p) => p.id.startsWith('sketch-'));
const bytesOf = (events: readonly PluginEvent[]): Uint8Array =>
  events.flatMap((e) => (e.type === 'picture' ? [e.bytes] : []))[0] ?? new Uint8Array();
const run = (id: string, parameters: object): Promise<PluginEvent[]> =>
  eventsOf(registry.find(id), { size: 96, ...parameters }, servicesOf(engine));

describe('sketches that evolve', () => {
  it('are four', () => {
    expect(sketches.map((s) => s.id)).toEqual(['sketch-face', 'sketch-flower', 'sketch-skyline', 'sketch-tree']);
  });
  it('give the same bytes for the same seed, and others for another', async () => {
    const once = async (seed: number): Promise<Uint8Array> =>
      bytesOf(await run('sketch-tree', { prompt: 'a tree', generations: 4, seed }));
    const [a, b, c] = [await once(1), await once(1), await once(2)];
    expect(Buffer.compare(a, b)).toBe(0);
    expect(Buffer.compare(a, c)).not.toBe(0);
  });
  it('refuse what only a drawing with a gradient can follow', async () => {
    await expect(run('sketch-tree', { prompt: 'a tree @left' })).rejects.toMatchObject({ code: 'PROMPT_INVALID' });
  });
});
