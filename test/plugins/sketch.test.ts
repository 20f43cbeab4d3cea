import { describe, expect, it } from 'vitest';
import { loadRegistry, type PluginEvent, runPlugin } from '../../core/index.ts';
import { recipeSchema } from '../../core/plugin/run-record.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';

const engine = useEngine();
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
  it.each([
    ['sketch-flower', 'a red rose'],
    ['sketch-face', 'a cat face'],
    ['sketch-skyline', 'a sunset over the sea'],
    ['sketch-tree', 'a palm tree'],
  ])('%s comes closer to "%s"', async (id, prompt) => {
    const events = await run(id, { prompt, generations: 40 });
    const scores = events.flatMap((e) => (e.type === 'chart' ? [e.series[prompt] ?? Number.NaN] : []));
    const mean = (from: number): number => scores.slice(from, from + 5).reduce((a, b) => a + b) / 5;
    expect(scores).toHaveLength(40);
    expect(mean(35)).toBeGreaterThan(mean(0) + 0.03);
  });
  it('give the same bytes for the same seed, and others for another', async () => {
    const once = async (seed: number): Promise<Uint8Array> =>
      bytesOf(await run('sketch-tree', { prompt: 'a tree', generations: 4, seed }));
    const [a, b, c] = [await once(1), await once(1), await once(2)];
    expect(Buffer.compare(a, b)).toBe(0);
    expect(Buffer.compare(a, c)).not.toBe(0);
  });
  it('take a new prompt, pause, go back and end early; given again they are the same', async () => {
    const said: PluginEvent[] = [];
    const parameters = { prompt: 'a red flower', generations: 60, size: 96 };
    const live = runPlugin(registry.find('sketch-flower'), parameters, servicesOf(engine));
    let once = false;
    const held: number[] = [];
    for await (const event of live.events) {
      said.push(event);
      if (event.type === 'paused') {
        held.push(event.step);
        await live.steer({ control: 'step' });
        await live.steer({ control: 'go' });
      }
      if (event.type !== 'progress' || once) continue;
      if (event.done === 4) await live.steer({ prompt: 'a blue flower' });
      if (event.done === 8) await live.steer({ control: 'pause' });
      if (event.done === 14) {
        once = true;
        await live.steer({ rewind: 6 });
        await live.steer({ prompt: 'a sunflower' });
      }
    }
    expect(held).toHaveLength(1);
    expect(said.filter((e) => e.type === 'rewound')).toEqual([{ type: 'rewound', step: 6 }]);
    expect(said.some((e) => e.type === 'going')).toBe(true);
    const picture = said.flatMap((e) => (e.type === 'picture' ? [e] : []))[0];
    const { script } = recipeSchema.parse(picture?.record);
    expect(script.map((e) => e.steer.prompt)).toEqual(['a blue flower', 'a sunflower']);
    const again = await eventsOf(registry.find('sketch-flower'), parameters, servicesOf(engine), { script });
    expect(Buffer.compare(bytesOf(again), bytesOf(said))).toBe(0);
  });
  it('refuse what only a drawing with a gradient can follow', async () => {
    await expect(run('sketch-tree', { prompt: 'a tree @left' })).rejects.toMatchObject({ code: 'PROMPT_INVALID' });
  });
});
