import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import { readOnnx } from '../../core/graph/index.ts';
import { guideRequestSchema } from '../../core/guidance/protocol.ts';
import { canvasOf } from '../../core/guidance/step.ts';
import { failure, runPlugin } from '../../core/index.ts';
import { guide, guideRuns, picturesAmong } from '../support/guide.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';
import { strangeModel } from '../support/with-models.ts';

interface Place {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}
const engine = useEngine({ model: strangeModel() });
const run = guideRuns(engine);

/** The side of the canvas that a run is to be guided on, pixels; it is not begun. */
async function canvasSide(parameters: object): Promise<number> {
  const asked: unknown[] = [];
  const forwarded = vi.spyOn(engine, 'forwardStream').mockImplementation((_method, args) => {
    asked.push(args);
    throw failure('CANCELLED', {});
  });
  await expect(run({ steps: 1, apart: false, ...parameters })).rejects.toMatchObject({ code: 'CANCELLED' });
  forwarded.mockRestore();
  const { drawer } = guideRequestSchema.parse(asked[0]);
  return canvasOf(readOnnx({ bytes: drawer.canvas, name: 'the canvas' })).width;
}

describe('guide', () => {
  it('sees more of each thing of a scene: the canvas of strokes is finer where things have places', async () => {
    const whole = await canvasSide({ prompt: 'a cat' });
    expect(await canvasSide({ prompt: 'a cat under the moon' })).toBe(Math.round((whole * 5) / 3));
    expect(await canvasSide({ prompt: 'a cat @left' })).toBe(Math.round((whole * 5) / 3));
    expect(await canvasSide({ prompt: 'a cat under the moon', layout: false })).toBe(whole);
    const polygons = await canvasSide({ prompt: 'a cat', drawer: 'polygons' });
    expect(await canvasSide({ prompt: 'a cat under the moon', drawer: 'polygons' })).toBe(polygons);
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
  it('takes new parameters of its drawer while it runs, and refuses those that cannot change', async () => {
    const live = runPlugin(guide, { prompt: 'a tree', steps: 40, size: 64, tidy: 0 }, servicesOf(engine));
    const refused: unknown[] = [];
    let svg = '';
    for await (const event of live.events) {
      if (event.type === 'progress' && event.done === 10) {
        await live.steer({ parameters: { count: 12 } });
        await live.steer({ parameters: { seed: 4 } }).catch((thrown: unknown) => void refused.push(thrown));
        await live.steer({ parameters: { count: -3 } }).catch((thrown: unknown) => void refused.push(thrown));
      }
      if (event.type === 'picture' && event.mime === 'image/svg+xml') svg = new TextDecoder().decode(event.bytes);
    }
    expect(refused).toMatchObject([{ code: 'STEER_INVALID' }, { code: 'STEER_INVALID' }]);
    const shapes = (svg.match(/<path/g) ?? []).length;
    expect([shapes > 0, shapes <= 12]).toEqual([true, true]);
  });
  it('tells where it wants what, of the beginning that is tried, the one that goes on, and after a change', async () => {
    const scene = { prompt: 'a cat under the moon', steps: 120, tries: 2, size: 64, tidy: 0, apart: false };
    const live = runPlugin(guide, scene, servicesOf(engine));
    const told: { words: string; top: number | undefined }[][] = [];
    let written = '';
    for await (const event of live.events) {
      if (event.type === 'layout') {
        told.push(event.parts.map(({ words, place }) => ({ words, top: place?.top })));
        const at = ({ left, top, right, bottom }: Place): string => ` @(${left},${top},${right},${bottom})`;
        written = event.parts.map((p) => `${p.words}${p.place ? at(p.place) : ''}${p.rest}`).join(' | ');
      }
      if (event.type === 'progress' && event.label === undefined && event.done === 40)
        await live.steer({ prompt: written.replaceAll('the moon', 'the sun') });
      if (told.at(-1)?.at(-1)?.words === 'the sun' && event.type === 'layout') await live.steer({ control: 'finish' });
    }
    const words = told.map((parts) => parts.map((p) => p.words));
    expect(words[0]).toEqual(['a cat under the moon', 'a cat', 'the moon']);
    expect(words.at(-1)?.at(-1)).toBe('the sun');
    for (const [, cat, moon] of told) expect(cat?.top).toBeGreaterThan(moon?.top ?? 1);
    const plain = await run({ prompt: 'a cat', steps: 2 });
    expect(plain.filter((e) => e.type === 'layout')).toEqual([]);
  });
  it('may be steered by who reads what it tells, who waits for that: while it tries beginnings too', async () => {
    const live = runPlugin(guide, { prompt: 'a tree', steps: 120, tries: 3, size: 64 }, servicesOf(engine));
    const asked: string[] = [];
    let picture = 0;
    for await (const event of live.events) {
      if (event.type === 'progress' && asked.length === 0) {
        asked.push(event.label ?? '');
        await live.steer({ prompt: 'a house' });
      } else if (event.type === 'progress' && event.done === 60) {
        asked.push('');
        await live.steer({ control: 'finish' });
      } else if (event.type === 'picture') picture += 1;
    }
    expect([asked[0], asked.length]).toEqual(['choosing a beginning, 1 of 3', 2]);
    expect(picture).toBe(2);
  });
  it('draws on paper of another colour, in the picture and in the SVG, and refuses what is no colour', async () => {
    for (const drawer of ['strokes', 'glyphs']) {
      const [svg, png] = picturesAmong(await run({ paper: '#101426', drawer, count: 4, beginning: 'blank', steps: 2 }));
      const { data } = await sharp(png?.bytes)
        .extract({ left: 0, top: 0, width: 1, height: 1 })
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      for (const [i, wanted] of [0x10, 0x14, 0x26].entries())
        expect(Math.abs((data[i] ?? 0) - wanted), drawer).toBeLessThan(6);
      expect(new TextDecoder().decode(svg?.bytes)).toContain('<rect width="100%" height="100%" fill="#101426"/>');
    }
    await expect(run({ paper: 'dark' })).rejects.toMatchObject({
      code: 'PARAMETER_INVALID',
      message: expect.stringContaining('#1a2b3c'),
    });
  });
  it('begins with empty paper or with chance when that is asked', async () => {
    const first = async (beginning: string): Promise<Uint8Array> => {
      const events = await run({ beginning, steps: 1, drawer: 'strokes', renewals: 0, tidy: 0 });
      return picturesAmong(events).find((p) => p.mime === 'image/png')?.bytes ?? new Uint8Array();
    };
    const deviation = async (png: Uint8Array): Promise<number> =>
      (await sharp(png).greyscale().stats()).channels[0]?.stdev ?? 0;
    const [blank, usual, noise] = [await first('blank'), await first('usual'), await first('noise')];
    expect(await deviation(blank)).toBeLessThan(0.3 * (await deviation(usual)));
    expect(Buffer.compare(noise, usual)).not.toBe(0);
  });
  it('refuses a mask of another shape than its picture', async () => {
    const folder = await temporaryFolder();
    const [start, mask] = [join(folder, 'start.png'), join(folder, 'mask.png')];
    await sharp(await drawn('square', 'blue')).toFile(start);
    await sharp(await drawn('square', 'white'))
      .resize(96, 40, { fit: 'fill' })
      .toFile(mask);
    await expect(
      eventsOf(
        guide,
        { prompt: 'a red heart', steps: 3, size: 64, drawer: 'inpaint', start: [start], mask: [mask] },
        servicesOf(engine, folder),
      ),
    ).rejects.toMatchObject({ code: 'MASK_INVALID', message: expect.stringContaining('96 x 40') });
  });
  it.each(['a bud -> a flower @60%-20%', 'a fish @20%-20%', 'a fish @10%-200%'])('refuses %j', async (prompt) => {
    await expect(run({ prompt })).rejects.toMatchObject({
      code: 'PROMPT_INVALID',
      message: expect.stringMatching(/at character \d+ .*(?:before it begins|between 0% and 100%)/),
    });
  });
  it.each([{ size: 20_000 }, { steps: 0 }, { aspect: '7:1' }, { drawer: 'oil' }])('refuses %j', async (wrong) => {
    await expect(run(wrong)).rejects.toMatchObject({ code: 'PARAMETER_INVALID' });
  });
  it('gives no SVG of pictures that have no shapes', async () => {
    expect(picturesAmong(await run({ drawer: 'fourier' })).map((p) => p.mime)).toEqual(['image/png']);
  });
});
