import { appendFile, cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { EMBEDDED } from '../../core/index.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../core/plugin/run-folder.ts';
import { textOf, withText } from '../../core/png-text.ts';
import { lodestone } from '../support/command-line.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';

const guide = [
  'guide',
  'a red heart -> a {tree|house} | blurry:-0.3',
  '--steps',
  '44',
  '--size',
  '96',
  '--count',
  '24',
];

describe('a finished picture', () => {
  it('is verified from what it says of itself, and made again to the byte', async () => {
    const folder = await temporaryFolder();
    expect((await lodestone([...guide, '--run', 'run'], folder)).code).toBe(0);
    const first = await readFile(join(folder, 'run/picture.png'));
    expect((await lodestone(['verify', 'run/picture.png'], folder)).code).toBe(0);
    expect((await lodestone(['replay', 'run', '--out', 'again.png'], folder)).code).toBe(0);
    expect(Buffer.compare(await readFile(join(folder, 'again.png')), first)).toBe(0);
    const csv = (await readFile(join(folder, 'run/scores.csv'), 'utf8')).trim().split('\n');
    expect(csv).toHaveLength(45);
    expect(csv[0]).toMatch(/"a red heart -> a (?:tree|house)"/);

    const text = textOf(first, 'lodestone') ?? '';
    const touched = await sharp(first)
      .composite([{ input: { create: { width: 3, height: 2, channels: 3, background: '#123456' } }, left: 5, top: 5 }])
      .png()
      .toBuffer();
    await writeFile(join(folder, 'touched.png'), withText(touched, 'lodestone', text));
    const verified = await lodestone(['verify', 'touched.png'], folder);
    expect(verified).toMatchObject({ code: 1, err: expect.stringMatching(/^DIFFERENT: .*6 pixels differ/) });

    await writeFile(join(folder, 'bare.png'), touched);
    expect(await lodestone(['verify', 'bare.png'], folder)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^RECORD_MISSING/),
    });
    const other = text.replace(/"hash":"[0-9a-f]+"/, `"hash":"${'0'.repeat(64)}"`);
    await writeFile(join(folder, 'other.png'), withText(touched, 'lodestone', other));
    expect(await lodestone(['verify', 'other.png'], folder)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^RECORD_MODEL/),
    });
  });
  it('is verified when it is one of several, and so is their sheet', async () => {
    const folder = await temporaryFolder();
    const several = ['--batch', '2', '--diversity', '5', '--steps', '6', '--size', '96', '--crops', '2', '--tidy', '0'];
    expect((await lodestone(['guide', 'a red heart', ...several, '--out', 'a.png'], folder)).code).toBe(0);
    for (const name of ['a.png', 'a-3.png'])
      expect(await lodestone(['verify', name], folder)).toMatchObject({ code: 0 });
    await sharp(join(folder, 'a-3.png')).resize(100, 100).png().toFile(join(folder, 'small.png'));
    const text = textOf(await readFile(join(folder, 'a-3.png')), 'lodestone') ?? '';
    await writeFile(join(folder, 'small.png'), withText(await readFile(join(folder, 'small.png')), 'lodestone', text));
    expect(await lodestone(['verify', 'small.png'], folder)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^DIFFERENT: /),
    });
  });
  it('names the picture that it began from by its hash when that is gone', async () => {
    const folder = await temporaryFolder();
    const sketch = join(folder, 'sketch.png');
    await writeFile(sketch, await drawn('heart', 'red'));
    expect(
      (
        await lodestone(
          [
            'guide',
            `[picture:${sketch.replaceAll(':', '\\:')}]`,
            '--steps',
            '5',
            '--size',
            '64',
            '--tidy',
            '0',
            '--out',
            'a.png',
          ],
          folder,
        )
      ).code,
    ).toBe(0);
    expect((await lodestone(['verify', 'a.png'], folder)).code).toBe(0);
    await writeFile(sketch, await drawn('star', 'gold'));
    expect(await lodestone(['verify', 'a.png'], folder)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^RECORD_INPUT: .*another picture now.*[0-9a-f]{64}/),
    });
  });
  it('names the model that guided beside the own one when that is another now', async () => {
    const folder = await temporaryFolder();
    const other = join(folder, 'other');
    await cp(EMBEDDED, other, { recursive: true });
    const quick = ['--steps', '4', '--size', '64', '--crops', '2', '--tidy', '0', '--out', 'a.png'];
    expect(await lodestone(['guide', 'a fish', ...quick, '--models', 'own', 'other'], folder)).toMatchObject({
      code: 0,
    });
    expect(await lodestone(['verify', 'a.png'], folder)).toMatchObject({ code: 0 });
    await appendFile(join(other, 'config.json'), '\n');
    expect(await lodestone(['verify', 'a.png'], folder)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^RECORD_OTHER_MODEL: The model other /),
    });
  });
  it('says nothing of how it was made when that is not wanted', async () => {
    const folder = await temporaryFolder();
    await lodestone(
      ['guide', 'a fish', '--steps', '3', '--size', '64', '--tidy', '0', '--strip', '--out', 'a.png'],
      folder,
    );
    expect(textOf(await readFile(join(folder, 'a.png')), 'lodestone')).toBeUndefined();
  });
});

describe('what a run leaves', () => {
  it('is an SVG that can be verified, a folder that explains itself, and the same picture at another size', async () => {
    const folder = await temporaryFolder();
    expect((await lodestone([...guide, '--run', 'run'], folder)).code).toBe(0);
    expect((await readdir(join(folder, 'run'))).sort()).toEqual([
      'README.md',
      'checkpoint.bin',
      'picture.png',
      'picture.svg',
      'run.json',
      'scores.csv',
      'scores.svg',
    ]);
    expect(await readFile(join(folder, 'run/README.md'), 'utf8')).toContain('> a red heart');
    const plot = await readFile(join(folder, 'run/scores.svg'), 'utf8');
    expect(plot).toContain('a red heart -> a');
    expect((await sharp(Buffer.from(plot)).metadata()).width).toBe(720);
    expect((await lodestone(['verify', 'run/picture.svg'], folder)).code).toBe(0);
    const svg = await readFile(join(folder, 'run/picture.svg'), 'utf8');
    await writeFile(join(folder, 'touched.svg'), svg.replace('<rect width="100%"', '<rect width="99%"'));
    expect(await lodestone(['verify', 'touched.svg'], folder)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^DIFFERENT: .*1 of its lines differ/),
    });
    expect((await lodestone(['replay', 'run/picture.svg', '--size', '512', '--out', 'large.png'], folder)).code).toBe(
      0,
    );
    const [small, large] = await Promise.all(
      ['run/picture.png', 'large.png'].map((name) =>
        sharp(join(folder, name)).resize(64, 64, { kernel: 'cubic' }).removeAlpha().raw().toBuffer(),
      ),
    );
    const apart = small?.reduce((sum, v, i) => sum + Math.abs(v - (large?.[i] ?? 0)), 0) ?? Number.NaN;
    expect(apart / (small?.length ?? 1)).toBeLessThan(3);
  });
  it('is in the format that its name asks for, and says how it was made there too', async () => {
    const folder = await temporaryFolder();
    const quick = ['guide', 'a fish', '--steps', '6', '--size', '64', '--count', '8', '--tidy', '0'];
    for (const name of ['a.jpg', 'b.webp', 'c.svg'])
      expect(await lodestone([...quick, '--out', name], folder)).toMatchObject({ code: 0 });
    expect((await readdir(folder)).sort()).toEqual(['a.jpg', 'a.svg', 'b.svg', 'b.webp', 'c.svg']);
    expect((await lodestone(['replay', 'a.jpg', '--out', 'again.png'], folder)).code).toBe(0);
    expect((await lodestone(['verify', 'again.png'], folder)).code).toBe(0);
    expect(await lodestone(['verify', 'a.jpg'], folder)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^DIFFERENT/),
    });
    expect(await lodestone([...quick, '--out', 'd.bmp'], folder)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^USAGE/),
    });
  });
  it('is kept as PNG when an SVG was asked of pixels, with an error that says so', async () => {
    const folder = await temporaryFolder();
    const run = await lodestone(
      ['guide', 'a fish', '--drawer', 'pixels', '--steps', '3', '--size', '64', '--out', 'a.svg'],
      folder,
    );
    expect(run).toMatchObject({ code: 1, err: expect.stringMatching(/^NO_SHAPES: .*kept as a\.png/) });
    expect(await readdir(folder)).toEqual(['a.png']);
  });
});

describe('a policy that holds a picture back', () => {
  it('goes with the folder of its run, and holds it back when it is taken up or made again', async () => {
    const folder = await temporaryFolder();
    const rule = { id: 'hearts', title: 'Hearts', prompts: ['a red heart'], threshold: 60, action: 'block' };
    const policy = { format: 'lodestone-policy', version: 1, name: 'No hearts', rules: [rule] };
    await writeFile(join(folder, 'policy.json'), JSON.stringify(policy));
    const [gate, heart] = [
      ['--gate', 'policy.json'],
      ['guide', 'a red heart', '--steps', '60', '--size', '96', '--crops', '4', '--count', '24', '--tidy', '0'],
    ];
    const held = { code: 0, err: expect.stringContaining('POLICY_BLOCKED') };
    expect(await lodestone([...heart, ...gate, '--run', 'run', '--animation', 'run.webp'], folder)).toMatchObject(held);
    expect(await lodestone(['resume', 'run'], folder)).toMatchObject(held);
    for (const made of ['run', 'run/run.json'])
      expect(await lodestone(['replay', made, '--out', 'again.png'], folder)).toMatchObject(held);
    expect(await lodestone([...heart, '--variations', '2', ...gate, '--out', 'v.png'], folder)).toMatchObject(held);
    expect((await lodestone([...heart, '--out', 'free.png', '--animation', 'whole.webp'], folder)).code).toBe(0);
    expect(await lodestone(['replay', 'free.png', ...gate, '--out', 'again.png'], folder)).toMatchObject(held);
    const kept = await readdir(folder, { recursive: true });
    const wanted = ['free.png', 'run/policy.json', 'run/checkpoint.bin', 'run/scores.csv', 'run/scores.svg'];
    expect(kept).toEqual(expect.arrayContaining(wanted));
    expect(kept).not.toEqual(expect.arrayContaining(['run/picture.png']));
    expect(kept).not.toEqual(expect.arrayContaining(['again.png']));
    const frames = await sharp(join(folder, 'run.webp'), { animated: true }).metadata();
    const all = await sharp(join(folder, 'whole.webp'), { animated: true }).metadata();
    expect(frames.pages ?? 1).toBeLessThan(all.pages ?? 0);
  });
});

describe("a checkpoint's file", () => {
  const whole = encodeCheckpoint({
    checkpoint: {
      step: 7,
      values: { a: Float32Array.of(1, -2.5), b: Float32Array.of(3) },
      plateau: { mean: 1, lowest: 0.5, since: 2 },
    },
    script: [{ step: 3, steer: { prompt: 'a cat' } }],
    chart: [{ type: 'chart', x: 1, series: { a: 0.25 } }],
  });
  it('is read as it was written', () => {
    expect(encodeCheckpoint(decodeCheckpoint(whole))).toEqual(whole);
  });
  it('is refused with a code wherever it is cut or changed', () => {
    for (let i = 0; i < whole.byteLength; i += 3)
      expect(() => decodeCheckpoint(whole.subarray(0, i))).toThrowError(
        expect.objectContaining({ code: 'CHECKPOINT_INVALID' }),
      );
  });
});
