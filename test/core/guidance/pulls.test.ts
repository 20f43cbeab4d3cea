import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  canvasExtent,
  guidanceSettingsSchema,
  listPictures,
  parsePrompt,
  parsePulls,
  pixels,
  pullNames,
  readyDrawer,
  strokes,
} from '../../../core/index.ts';
import { drawn, temporaryFolder } from '../../support/pictures.ts';
import { useEngine } from '../../support/services.ts';
import { strangeModel } from '../../support/with-models.ts';

// What it likes does not matter here: a small one is sooner compiled.
const engine = useEngine({ model: strangeModel() });
const sizes = { preview: 64, output: 96 };
const extent = canvasExtent(pixels, sizes);
const helpers = {
  engine,
  signal: new AbortController().signal,
  read: async (file: string) => readFile(file),
  pictures: async (paths: readonly string[]) =>
    (await Promise.all(paths.map((p) => listPictures(p)))).flatMap((l) => l.paths.map((path) => ({ path }))),
};

const SIDE = 64;
type Losses = Awaited<ReturnType<typeof parsePulls>>['losses'];
/** Bytes of the sea as it is drawn with these pulls, three a pixel. */
async function sea(losses: Losses, steps = 16): Promise<Buffer> {
  for await (const event of engine.guide({
    run: 'pulls',
    drawer: readyDrawer(pixels, {}, 1, { preview: SIDE, output: SIDE }),
    prompts: parsePrompt('the sea'),
    settings: guidanceSettingsSchema.parse({ steps, crops: 2, frameEvery: 0 }),
    losses,
  }))
    if (event.type === 'picture') return sharp(event.bytes).removeAlpha().raw().toBuffer();
  throw new Error('no picture');
}
let plain: Buffer;
beforeAll(async () => {
  plain = await sea([]);
});
const pulled = async (pull: string, steps?: number): Promise<Buffer> =>
  sea(
    (await parsePulls(pull, extent, helpers)).losses.map((loss) => ({ ...loss, weight: 300 })),
    steps,
  );

type Measure = (picture: Buffer) => number;
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const PIXELS = Array.from({ length: SIDE * SIDE }, (_, i) => i);
const rgb = (picture: Buffer, pixel: number): readonly number[] => [...picture.subarray(3 * pixel, 3 * pixel + 3)];
const grey = (picture: Buffer): number[] => PIXELS.map((i) => mean(rgb(picture, i)));
const apart = (a: Buffer, b: Buffer): number => mean([...a].map((v, i) => Math.abs(v - (b[i] ?? 0))));
/** Mean difference of pixels side by side. */
const grain: Measure = (picture) => {
  const tones = grey(picture);
  return mean(PIXELS.filter((i) => i % SIDE > 0).map((i) => Math.abs((tones[i] ?? 0) - (tones[i - 1] ?? 0))));
};
const mirrored: Measure = (picture) =>
  mean(PIXELS.map((i) => Math.abs((picture[3 * i] ?? 0) - (picture[3 * (i + SIDE - 1 - 2 * (i % SIDE))] ?? 0))));
const colourful: Measure = (picture) =>
  mean(PIXELS.map((i) => Math.max(...rgb(picture, i)) - Math.min(...rgb(picture, i))));
const spread: Measure = (picture) => {
  const tones = grey(picture);
  return mean(tones.map((v) => Math.abs(v - mean(tones))));
};
/** Distance of each pixel from the nearer of two colours. */
const offPalette: Measure = (picture) => {
  const colours = [
    [0x20, 0x20, 0x40],
    [0xe0, 0xc0, 0x80],
  ];
  return mean(
    PIXELS.map((i) => Math.min(...colours.map((c) => Math.hypot(...rgb(picture, i).map((v, k) => v - (c[k] ?? 0)))))),
  );
};

describe('pulls', () => {
  it.each([
    ['smooth', grain, 'less'],
    ['sharpness', grain, 'more'],
    ['symmetry', mirrored, 'less'],
    ['saturation', colourful, 'more'],
    ['contrast', spread, 'more'],
    ['palette[#202040, #e0c080]', offPalette, 'less'],
  ] as const)('%s changes the picture its way', async (pull, measure, direction) => {
    const [within, without] = [measure(await pulled(pull)), measure(plain)];
    if (direction === 'less') expect(within).toBeLessThan(0.8 * without);
    else expect(within).toBeGreaterThan(1.2 * without);
  });
  it.each(['like', 'edges', 'colours'])('%s comes close to a picture', async (pull) => {
    const file = join(await temporaryFolder(), 'heart.png');
    const heart = await drawn('heart', 'red');
    await writeFile(file, heart);
    const wanted = await sharp(heart).resize(SIDE, SIDE).removeAlpha().raw().toBuffer();
    const counts = (picture: Buffer, channel: number): number[] => {
      const found = Array.from({ length: 8 }, () => 0);
      for (const i of PIXELS)
        found[(picture[3 * i + channel] ?? 0) >> 5] = (found[(picture[3 * i + channel] ?? 0) >> 5] ?? 0) + 1;
      return found;
    };
    const steps = (picture: Buffer): Buffer => {
      const tones = grey(picture);
      return Buffer.from(PIXELS.map((i) => (i % SIDE > 0 ? Math.abs((tones[i] ?? 0) - (tones[i - 1] ?? 0)) : 0)));
    };
    /** Pixel by pixel; along edges; counted by tone. */
    const distance = (picture: Buffer): number =>
      ({
        like: () => apart(picture, wanted),
        edges: () => apart(steps(picture), steps(wanted)),
        colours: () =>
          mean([0, 1, 2].flatMap((c) => counts(picture, c).map((n, k) => Math.abs(n - (counts(wanted, c)[k] ?? 0))))),
      })[pull as 'like' | 'edges' | 'colours']();
    // Edges take longer than tones.
    const long = pull === 'edges' ? 40 : 16;
    expect(distance(await pulled(`${pull}[${file}]`, long))).toBeLessThan(0.8 * distance(await sea([], long)));
  });
  it('sparse leaves more of the paper bare', async () => {
    const covered = async (weight: number): Promise<number> => {
      const { losses } = await parsePulls(`sparse:${weight}`, extent, helpers);
      for await (const event of engine.guide({
        run: 'sparse',
        drawer: readyDrawer(strokes, { paper: '#ffffff' } as never, 1, sizes),
        prompts: parsePrompt('the night sky'),
        settings: guidanceSettingsSchema.parse({ steps: 40, crops: 2, frameEvery: 0, tidy: 0 }),
        losses,
      }))
        if (event.type === 'picture') return 255 - mean([...(await sharp(event.bytes).greyscale().raw().toBuffer())]);
      return Number.NaN;
    };
    expect(await covered(60)).toBeLessThan(0.6 * (await covered(0)));
  });
  it.each([
    ['smoothness', 'there is no such pull'],
    ['smooth:1:2', 'not written'],
    ['smooth:9999', 'not between'],
    ['smooth | smooth:2', 'named twice'],
    ['palette[red]', 'write its colours'],
    ['edges:2', 'name its picture'],
    ['picks', 'name a file of picks'],
    ['picks[a, b, c]', 'write it as'],
  ])('%j is refused with what to do', async (pull, what) => {
    await expect(parsePulls(pull, extent, helpers)).rejects.toMatchObject({
      code: 'PULL_INVALID',
      message: expect.stringMatching(new RegExp(`${what}.*There are: .*${pullNames()[0]}`, 's')),
    });
  });
  it('have weights that can be changed while a run goes on', async () => {
    const { losses } = await parsePulls('saturation:0', extent, helpers);
    const colourful = async (weight: number): Promise<number> => {
      for await (const event of engine.guide({
        run: 'weights',
        drawer: readyDrawer(pixels, {}, 1, sizes),
        prompts: parsePrompt('the sea'),
        settings: guidanceSettingsSchema.parse({ steps: 40, crops: 2, frameEvery: 0 }),
        losses,
        script: [{ step: 5, change: { weights: { saturation: weight } } }],
      }))
        if (event.type === 'picture') {
          const raw = await sharp(event.bytes).raw().toBuffer();
          const spread = (i: number): number =>
            Math.max(...raw.subarray(i, i + 3)) - Math.min(...raw.subarray(i, i + 3));
          return (
            Array.from({ length: raw.length / 3 }, (_, i) => spread(3 * i)).reduce((a, b) => a + b) / (raw.length / 3)
          );
        }
      return Number.NaN;
    };
    expect(await colourful(-60)).toBeLessThan((await colourful(30)) - 10);
  });
});
