import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { compile, readOnnx } from '../../../core/graph/index.ts';
import { float32, floatsOf } from '../../../core/graph/session.ts';
import {
  canvasExtent,
  guidanceSettingsSchema,
  PULL_NAMES,
  parsePrompt,
  parsePulls,
  picturesUnder,
  pixels,
  readyDrawer,
} from '../../../core/index.ts';
import { drawn, temporaryFolder } from '../../support/pictures.ts';
import { useEngine } from '../../support/services.ts';

const engine = useEngine();
const sizes = { preview: 64, output: 96 };
const extent = canvasExtent(pixels, sizes);
const helpers = {
  engine,
  signal: new AbortController().signal,
  read: async (file: string) => readFile(file),
  pictures: async (paths: readonly string[]) =>
    (await Promise.all(paths.map(picturesUnder))).flat().map((path) => ({ path })),
};

/** The value of each pull for the sea as it is drawn without and with it. */
async function values(pull: string): Promise<{ without: number; within: number }> {
  const {
    losses: [loss],
  } = await parsePulls(pull, extent, helpers);
  if (!loss) throw new Error('no pull');
  const session = await compile(readOnnx({ bytes: loss.graph, name: loss.name }));
  const after = async (weight: number): Promise<number> => {
    for await (const event of engine.guide({
      run: 'pulls',
      drawer: readyDrawer(pixels, {}, 1, { preview: 64, output: 64 }),
      prompts: parsePrompt('the sea'),
      settings: guidanceSettingsSchema.parse({ steps: 40, crops: 2, frameEvery: 0 }),
      losses: [{ ...loss, weight }],
    })) {
      if (event.type !== 'picture') continue;
      const raw = await sharp(event.bytes).raw().toBuffer();
      const area = 64 * 64;
      const planes = Float32Array.from(
        { length: 3 * area },
        (_, i) => (raw[(i % area) * 3 + Math.floor(i / area)] ?? 0) / 255,
      );
      return floatsOf((await session.run({ picture: float32(planes, [1, 3, 64, 64]) }))['loss'])[0] ?? Number.NaN;
    }
    throw new Error('no picture');
  };
  return { without: await after(0), within: await after(30) };
}

describe('pulls', () => {
  it.each(['smooth', 'sharpness', 'symmetry', 'saturation', 'contrast', 'palette[#202040, #e0c080]'])(
    '%s changes the picture its way',
    async (pull) => {
      const { without, within } = await values(pull);
      expect(within).toBeLessThan(without - 0.2 * Math.abs(without));
    },
  );
  it.each(['like', 'edges', 'colours'])('%s comes close to a picture', async (pull) => {
    const file = join(await temporaryFolder(), 'heart.png');
    await writeFile(file, await drawn('heart', 'red'));
    const { without, within } = await values(`${pull}[${file}]`);
    expect(within).toBeLessThan(0.8 * without);
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
      message: expect.stringMatching(new RegExp(`${what}.*There are: .*${PULL_NAMES[0]}`, 's')),
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
