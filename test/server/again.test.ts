import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { checkpointSchema } from '../../core/guidance/protocol.ts';
import { decodeCheckpoint, encodeCheckpoint, type Resumable } from '../../core/plugin/run-folder.ts';
import { textOf, withText } from '../../core/png-text.ts';
import { lodestoneHere } from '../support/command-line-here.ts';
import { temporaryFolder } from '../support/pictures.ts';
import { useFolder } from '../support/plugin-files.ts';
import { lodestoneOnStrange, lodestoneOnStrangeHere, strangeModel } from '../support/with-models.ts';

/** Twenty steps and more: checkpoints come every twenty. Tidied, so that what ends a run is made again too. */
const guide = [
  ...['guide', 'a red heart -> a {tree|house} | blurry:-0.3'],
  ...['--steps', '24', '--size', '64', '--count', '12', '--crops', '3', '--tidy', '0.2'],
];

const made = useFolder();
beforeAll(async () => {
  expect((await lodestoneOnStrange([...guide, '--run', 'run'], made)).code).toBe(0);
});
/** A folder with the run of above in it. */
async function withRun(): Promise<string> {
  const folder = await temporaryFolder();
  await cp(join(made, 'run'), join(folder, 'run'), { recursive: true });
  return folder;
}

describe('a finished picture', () => {
  it('is verified from what it says of itself, and made again to the byte', async () => {
    const folder = await withRun();
    const first = await readFile(join(folder, 'run/picture.png'));
    expect((await lodestoneOnStrange(['verify', 'run/picture.png'], folder)).code).toBe(0);
    expect((await lodestoneOnStrange(['replay', 'run', '--out', 'again.png'], folder)).code).toBe(0);
    expect(Buffer.compare(await readFile(join(folder, 'again.png')), first)).toBe(0);
    const csv = (await readFile(join(folder, 'run/scores.csv'), 'utf8')).trim().split('\n');
    // The first fifth of the steps went into trying beginnings.
    expect(csv).toHaveLength(1 + 24 - 5);
    expect(csv[0]).toMatch(/"a red heart -> a (?:tree|house)"/);

    const text = textOf(first, 'lodestone') ?? '';
    const touched = await sharp(first)
      .composite([{ input: { create: { width: 3, height: 2, channels: 3, background: '#123456' } }, left: 5, top: 5 }])
      .png()
      .toBuffer();
    await writeFile(join(folder, 'touched.png'), withText(touched, 'lodestone', text));
    const verified = await lodestoneOnStrangeHere(['verify', 'touched.png'], folder);
    expect(verified).toMatchObject({ code: 1, err: expect.stringMatching(/^DIFFERENT: .*6 pixels differ/) });

    await writeFile(join(folder, 'bare.png'), touched);
    expect(await lodestoneHere(['verify', join(folder, 'bare.png')])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^RECORD_MISSING/),
    });
    const other = text.replace(/"hash":"[0-9a-f]+"/, `"hash":"${'0'.repeat(64)}"`);
    await writeFile(join(folder, 'other.png'), withText(touched, 'lodestone', other));
    expect(await lodestoneHere(['verify', join(folder, 'other.png'), '--model', strangeModel()])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^RECORD_MODEL/),
    });
  });
  it('that a drawer of others made asks for that drawer, as it was', async () => {
    const folder = await temporaryFolder();
    const plugins = await temporaryFolder();
    await cp('examples/plugins/dots.ts', join(plugins, 'dots.ts'));
    const small = [
      '--steps',
      '3',
      '--size',
      '64',
      '--tries',
      '1',
      '--drawer',
      'dots',
      '--count',
      '9',
      '--out',
      'a.png',
    ];
    vi.stubEnv('LODESTONE_PLUGINS', plugins);
    expect((await lodestoneOnStrangeHere(['guide', 'a fish', ...small], folder)).code).toBe(0);
    const replayed = () => lodestoneOnStrangeHere(['replay', 'a.png', '--out', 'b.png'], folder);
    expect((await replayed()).code).toBe(0);
    expect(await readFile(join(folder, 'b.png'))).toEqual(await readFile(join(folder, 'a.png')));
    await writeFile(join(plugins, 'dots.ts'), `${await readFile('examples/plugins/dots.ts', 'utf8')}\n// Changed.\n`);
    expect((await replayed()).err).toMatch(/^EXTENSION_OTHER: .*the drawer "dots"/);
    vi.stubEnv('LODESTONE_PLUGINS', '');
    expect((await replayed()).err).toMatch(/^EXTENSION_MISSING: .*the drawer "dots", which is not here/);
    vi.unstubAllEnvs();
  });
  it('says nothing of how it was made when that is not wanted', async () => {
    const folder = await temporaryFolder();
    await lodestoneOnStrange(
      ['guide', 'a fish', '--steps', '3', '--size', '64', '--tidy', '0', '--strip', '--out', 'a.png'],
      folder,
    );
    expect(textOf(await readFile(join(folder, 'a.png')), 'lodestone')).toBeUndefined();
  });
});

describe('what a run leaves', () => {
  it('is an SVG that can be verified, a folder that explains itself, and the same picture at another size', async () => {
    const folder = await withRun();
    expect((await readdir(join(folder, 'run'))).sort()).toEqual([
      'README.md',
      'checkpoint.bin',
      'picture.png',
      'picture.svg',
      'run.json',
      'scores.csv',
      'scores.svg',
      'untidied.svg',
    ]);
    expect(await readFile(join(folder, 'run/README.md'), 'utf8')).toContain('> a red heart');
    const plot = await readFile(join(folder, 'run/scores.svg'), 'utf8');
    expect(plot).toContain('a red heart -> a');
    expect((await sharp(Buffer.from(plot)).metadata()).width).toBe(720);
    expect((await lodestoneOnStrangeHere(['verify', 'run/picture.svg'], folder)).code).toBe(0);
    const svg = await readFile(join(folder, 'run/picture.svg'), 'utf8');
    await writeFile(join(folder, 'touched.svg'), svg.replace('<rect width="100%"', '<rect width="99%"'));
    expect(await lodestoneOnStrangeHere(['verify', 'touched.svg'], folder)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^DIFFERENT: .*1 of its lines differ/),
    });
    expect(
      (await lodestoneOnStrangeHere(['replay', 'run/picture.svg', '--size', '512', '--out', 'large.png'], folder)).code,
    ).toBe(0);
    const [small, large] = await Promise.all(
      ['run/picture.png', 'large.png'].map((name) =>
        sharp(join(folder, name)).resize(64, 64, { kernel: 'cubic' }).removeAlpha().raw().toBuffer(),
      ),
    );
    const apart = small?.reduce((sum, v, i) => sum + Math.abs(v - (large?.[i] ?? 0)), 0) ?? Number.NaN;
    expect(apart / (small?.length ?? 1)).toBeLessThan(3);
  });
});

describe("a checkpoint's file", () => {
  const kept: Resumable = {
    checkpoint: {
      step: 7,
      values: { a: Float32Array.of(1, -2.5), b: Float32Array.of(3) },
      plateau: { mean: 1, lowest: 0.5, since: 2 },
      tried: { chosen: 1, scores: [0.1, 0.2] },
      others: ['a hash'],
      before: {
        parts: 2,
        record: { steps: 60, script: [] },
        gave: [
          { part: 0, event: { type: 'picture', title: 'one' }, bytes: Uint8Array.of(1, 2, 3) },
          { part: 1, event: { type: 'frame', step: 9 }, bytes: Uint8Array.of() },
          { part: 1, event: { type: 'picture', title: 'two' }, bytes: Uint8Array.of(255, 0) },
        ],
      },
    },
    script: [{ step: 3, steer: { prompt: 'a cat' } }],
    chart: [{ type: 'chart', x: 1, series: { a: 0.25 } }],
  };
  const whole = encodeCheckpoint(kept);
  it('is read as it was written', () => {
    expect(Object.keys(kept.checkpoint).sort()).toEqual(Object.keys(checkpointSchema.shape).sort());
    expect(decodeCheckpoint(whole)).toEqual(kept);
  });
  it('is refused with a code wherever it is cut or changed', () => {
    for (let i = 0; i < whole.byteLength; i += 3)
      expect(() => decodeCheckpoint(whole.subarray(0, i))).toThrowError(
        expect.objectContaining({ code: 'CHECKPOINT_INVALID' }),
      );
  });
});
