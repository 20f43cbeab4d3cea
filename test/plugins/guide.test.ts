import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadRegistry, type PluginEvent } from '../../core/index.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';

const engine = useEngine();
const guide = (await loadRegistry()).find('guide');
const run = (parameters: object): Promise<PluginEvent[]> =>
  eventsOf(guide, { prompt: 'a red heart', steps: 3, size: 64, ...parameters }, servicesOf(engine));
const pictures = (events: readonly PluginEvent[]) => events.flatMap((e) => (e.type === 'picture' ? [e] : []));

describe('guide', () => {
  it('draws a picture whose layers would not fit into memory from its shapes', async () => {
    const [svg, png] = pictures(await run({ size: 2048, count: 300, aspect: '2:1' }));
    expect(svg).toMatchObject({ mime: 'image/svg+xml', width: 2048, height: 1024 });
    expect(await sharp(png?.bytes).metadata()).toMatchObject({ format: 'png', width: 2048, height: 1024, channels: 3 });
  });
  it('refuses a prompt that only pushes away, and a painted region without a picture', async () => {
    await expect(run({ prompt: 'blurry:-1 | ugly:-2' })).rejects.toMatchObject({
      code: 'PROMPT_INVALID',
      message: expect.stringContaining('pushes away'),
    });
    await expect(run({ drawer: 'inpaint' })).rejects.toMatchObject({
      code: 'PARAMETER_INVALID',
      message: expect.stringContaining('start'),
    });
  });
  it.each([{ size: 20_000 }, { steps: 0 }, { aspect: '7:1' }, { drawer: 'oil' }])('refuses %j', async (wrong) => {
    await expect(run(wrong)).rejects.toMatchObject({ code: 'PARAMETER_INVALID' });
  });
  it('gives no SVG of pictures that have no shapes', async () => {
    expect(pictures(await run({ drawer: 'fourier' })).map((p) => p.mime)).toEqual(['image/png']);
  });
});
