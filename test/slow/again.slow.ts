/** Runs made again with other models and under a policy, by the command line. */
import { appendFile, cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EMBEDDED } from '../../core/index.ts';
import { textOf, withText } from '../../core/png-text.ts';
import { lodestone } from '../support/command-line.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';

describe('a finished picture', () => {
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
});

describe('pictures that are made again', () => {
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
  it('is in the format that its name asks for, and says how it was made there too', async () => {
    const folder = await temporaryFolder();
    const quick = ['guide', 'a fish', '--steps', '6', '--size', '64', '--count', '8', '--tidy', '0'];
    for (const name of ['a.jpg', 'c.svg'])
      expect(await lodestone([...quick, '--out', name], folder)).toMatchObject({ code: 0 });
    expect((await readdir(folder)).sort()).toEqual(['a.jpg', 'a.svg', 'c.svg']);
    expect((await lodestone(['replay', 'a.jpg', '--out', 'again.png'], folder)).code).toBe(0);
    expect((await lodestone(['verify', 'again.png'], folder)).code).toBe(0);
    expect(await lodestone(['verify', 'a.jpg'], folder)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^NOT_COMPARABLE/),
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
    expect(run).toMatchObject({ code: 1, err: expect.stringMatching(/^NO_SHAPES: .*kept as a\.png/m) });
    expect(await readdir(folder)).toEqual(['a.png']);
  });
});

describe('several pictures of several seeds', () => {
  it('guide gives variations with a sheet of them, and the run as moving pictures', async () => {
    const folder = await temporaryFolder();
    const quick = [
      'guide',
      'a star',
      '--steps',
      '26',
      '--size',
      '64',
      '--drawer',
      'polygons',
      '--tidy',
      '0',
      '--out',
      'star.png',
    ];
    expect((await lodestone([...quick, '--variations', '3', '--animation', 'star.webp'], folder)).code).toBe(0);
    const names = ['star', 'star-2', 'star-3'];
    expect((await readdir(folder)).sort()).toEqual(
      [...names.flatMap((n) => [`${n}.png`, `${n}.svg`, `${n}.webp`]), 'star-sheet.png'].sort(),
    );
    const bytes = await Promise.all(names.map((n) => readFile(join(folder, `${n}.png`))));
    expect(Buffer.compare(bytes[0] ?? Buffer.of(), bytes[1] ?? Buffer.of())).not.toBe(0);
    expect(await sharp(join(folder, 'star.webp')).metadata()).toMatchObject({
      format: 'webp',
      pages: expect.any(Number),
    });
    expect((await sharp(join(folder, 'star-sheet.png')).metadata()).width).toBe(670);
    expect((await lodestone([...quick, '--animation', 'star.txt'], folder)).code).toBe(2);
  });
  it('all have names of their own, and the first seed follows the last', async () => {
    const folder = await temporaryFolder();
    const quick = ['--steps', '3', '--size', '64', '--crops', '2', '--tidy', '0', '--drawer', 'pixels'];
    const many = ['--batch', '2', '--variations', '2', '--seed', String(2 ** 32 - 1), '--out', 'a.png'];
    expect(await lodestone(['guide', 'a fish', ...quick, ...many], folder)).toMatchObject({ code: 0 });
    const names = ['a.png', 'a-2.png', 'a-3.png', 'a-4.png', 'a-5.png', 'a-6.png', 'a-sheet.png'];
    expect((await readdir(folder)).sort()).toEqual(names.toSorted());
    const seeds = await Promise.all(
      ['a.png', 'a-4.png'].map(async (name) => {
        const text = textOf(await readFile(join(folder, name)), 'lodestone') ?? '';
        return (JSON.parse(text) as { parameters: { seed: number } }).parameters.seed;
      }),
    );
    expect(seeds).toEqual([2 ** 32 - 1, 0]);
    for (const name of names.slice(0, 6))
      expect(await lodestone(['verify', name], folder), name).toMatchObject({ code: 0 });
  });
});

describe('pictures that a service made', () => {
  it('are those that it made then when a run is given again: nobody asks it twice', async () => {
    const folder = await temporaryFolder();
    let asked = 0;
    const service = createServer(async (_request, response) => {
      asked += 1;
      response.writeHead(200, { 'content-type': 'image/png' }).end(await drawn(asked % 2 ? 'heart' : 'star', 'red'));
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void service.close());
    const env = {
      LODESTONE_INFERENCE_URL: `http://127.0.0.1:${(service.address() as AddressInfo).port}`,
      HF_TOKEN: 'hf_x',
    };
    const rank = ['rank', 'a {red|blue} heart', '--generate', '2', '--refine', '6', '--out', 'best.png'];
    const made = await lodestone(rank, folder, undefined, env);
    expect(made, made.err).toMatchObject({ code: 0 });
    const before = asked;
    expect(before).toBe(2);
    const verified = await lodestone(['verify', 'best.png'], folder, undefined, env);
    expect(verified, verified.err).toMatchObject({ code: 0 });
    expect(asked).toBe(before);
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
    // There is none of a drawing that was held back from its first frame on.
    const frames = await sharp(join(folder, 'run.webp'), { animated: true })
      .metadata()
      .catch(() => ({ pages: 0 }));
    const all = await sharp(join(folder, 'whole.webp'), { animated: true }).metadata();
    expect(frames.pages ?? 1).toBeLessThan(all.pages ?? 0);
  });
});
