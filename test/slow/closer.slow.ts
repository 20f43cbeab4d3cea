/** What is drawn over many steps comes closer to what was asked for. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import * as drawers from '../../core/guidance/drawers/index.ts';
import {
  type Drawer,
  type GuideEvent,
  guidanceSettingsSchema,
  loadRegistry,
  type PluginEvent,
  parsePrompt,
  readyDrawer,
  runPlugin,
  strokes,
} from '../../core/index.ts';
import { recipeSchema } from '../../core/plugin/run-record.ts';
import { drawings } from '../support/drawn-by.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';

const engine = useEngine();
const guided = drawings(engine);
const registry = await loadRegistry();
const sizes = { preview: 64, output: 96 };
const { inpaint: _, ...plain } = drawers;
const bytesOf = (events: readonly PluginEvent[]): Uint8Array =>
  events.flatMap((e) => (e.type === 'picture' ? [e.bytes] : []))[0] ?? new Uint8Array();
const each = Object.entries(plain) as unknown as readonly (readonly [string, Drawer])[];
const run = (id: string, parameters: object): Promise<PluginEvent[]> =>
  eventsOf(registry.find(id), { size: 96, ...parameters }, servicesOf(engine));

describe.each(each)('the drawer %s', (_id, drawer) => {
  it('comes closer to the prompt, on a canvas of any shape', async () => {
    const { scores, picture } = await guided(drawer, 'a red heart', {
      sizes: { preview: 48, output: 96, aspect: 1.5 },
    });
    const mean = (from: number): number => scores.slice(from, from + 8).reduce((a, b) => a + b) / 8;
    expect(mean(52)).toBeGreaterThan(mean(0) + 0.05);
    expect(await sharp(picture.bytes).metadata()).toMatchObject({ format: 'png', width: 96, height: 64 });
  });
});

describe('pictures of waves and fields', () => {
  it('are the same picture at four times the size', async () => {
    for (const drawer of [plain.fourier, plain.field] as unknown as Drawer[]) {
      const at = async (output: number): Promise<Buffer> =>
        sharp((await guided(drawer, 'a fish', { sizes: { preview: 64, output } })).picture.bytes)
          .resize(96, 96, { kernel: 'cubic' })
          .raw()
          .toBuffer();
      const [small, large] = [await at(96), await at(384)];
      const error = small.reduce((sum, v, i) => sum + Math.abs(v - (large[i] ?? 0)), 0) / small.byteLength;
      expect(error).toBeLessThan(3);
    }
  });
});

describe('shapes that are tidied', () => {
  it('go at the end when they are hardly needed, and what the judging eye thinks is no less', async () => {
    const once = async (tidy: number): Promise<{ shapes: number; score: number }> => {
      let found: Extract<GuideEvent, { type: 'picture' }> | undefined;
      for await (const event of engine.guide({
        run: 'tidy',
        drawer: readyDrawer(strokes, {}, 1, sizes),
        prompts: parsePrompt('a red heart'),
        settings: guidanceSettingsSchema.parse({ steps: 120, crops: 4, frameEvery: 0, tidy }),
      }))
        if (event.type === 'picture') found = event;
      const shapes = [...(found?.values['opacity'] ?? [])].filter((v) => v > -2.5).length;
      const [[score = 0] = []] = await engine.similarity(
        [{ bytes: found?.bytes ?? new Uint8Array(), name: 'end' }],
        ['a red heart'],
      );
      return { shapes, score };
    };
    const [all, fewer] = [await once(0), await once(0.02)];
    expect(fewer.shapes).toBeLessThan(all.shapes);
    expect(fewer.shapes).toBeGreaterThanOrEqual(0.7 * all.shapes);
    expect(fewer.score).toBeGreaterThan(all.score - 0.05);
  });
});

describe('sketches that evolve', () => {
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
});

describe('style-match', () => {
  it('draws a prompt in the style of the references, nearer to it than without', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'reference.png'), await drawn('circle', 'lime', 'black'));
    const draw = async (strength: number): Promise<{ bytes: Uint8Array; name: string }> => {
      const parameters = {
        references: [join(folder, 'reference.png')],
        prompt: 'a star',
        steps: 40,
        size: 96,
        strength,
      };
      const events = await eventsOf(registry.find('style-match'), parameters, servicesOf(engine, folder));
      const [bytes = new Uint8Array()] = events.flatMap((e) => (e.type === 'picture' ? [e.bytes] : []));
      return { bytes, name: 'drawn' };
    };
    const profiles: Float32Array[] = [];
    const pictures = [{ path: join(folder, 'reference.png') }, await draw(100), await draw(0)];
    for await (const { embeddings } of engine.styles(pictures, { eye: 'guiding' }))
      for (let i = 0; i < embeddings.count; i++)
        profiles.push(embeddings.data.slice(i * embeddings.dimension, (i + 1) * embeddings.dimension));
    const near = (i: number): number =>
      (profiles[0] ?? new Float32Array()).reduce((sum, v, k) => sum + v * (profiles[i]?.[k] ?? 0), 0);
    expect(near(1)).toBeGreaterThan(near(2) + 0.01);
  });
});
