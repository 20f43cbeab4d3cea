import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { textOf } from '../../core/png-text.ts';
import { seeded } from '../../core/random.ts';
import { lodestone } from '../support/command-line.ts';
import { temporaryFolder } from '../support/pictures.ts';

const guide = ['guide', 'a red heart -> a {tree|house} | blurry:-0.3', '--steps', '80', '--size', '128', '--seed', '5'];

describe('a sketch that was killed or is given again', () => {
  it('goes on from its checkpoint, and is verified', async () => {
    const folder = await temporaryFolder();
    const sketch = ['sketch-flower', 'a {red|blue} flower', '--generations', '50', '--size', '96', '--seed', '3'];
    expect((await lodestone([...sketch, '--run', 'straight'], folder)).code).toBe(0);
    expect((await lodestone(['verify', 'straight/picture.png'], folder)).code).toBe(0);
    expect((await lodestone([...sketch, '--run', 'killed'], folder, 2500)).code).toBeNull();
    expect((await lodestone(['resume', 'killed'], folder)).code).toBe(0);
    const [one, other] = await Promise.all(
      ['straight', 'killed'].map((name) => readFile(join(folder, name, 'picture.png'))),
    );
    expect(one && other && Buffer.compare(one, other)).toBe(0);
  });
});

describe('a run that was killed', () => {
  it('before its first checkpoint begins anew, whatever an earlier run left in its folder', async () => {
    const folder = await temporaryFolder();
    const quick = ['--steps', '40', '--size', '64', '--crops', '2', '--run', 'run'];
    await lodestone(['guide', 'a red heart', ...quick], folder);
    expect(await lodestone(['guide', 'a green tree', ...quick], folder)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^RUN_EXISTS: run .*resume run/),
    });
    await rm(join(folder, 'run/run.json'));
    expect((await lodestone(['guide', 'a green tree', ...quick], folder, 0)).code).toBeNull();
    expect(await lodestone(['resume', 'run'], folder)).toMatchObject({
      code: 0,
      out: expect.stringContaining('begins anew'),
    });
    expect((await lodestone(['verify', 'run/picture.png'], folder)).code).toBe(0);
    expect(textOf(await readFile(join(folder, 'run/picture.png')), 'lodestone')).toContain('a green tree');
  });
  it('goes on from its last checkpoint and ends with the same bytes', async () => {
    const folder = await temporaryFolder();
    await lodestone([...guide, '--run', 'straight'], folder);
    const straight = await readFile(join(folder, 'straight/picture.png'));
    const random = seeded(11);
    const resumed: string[] = [];
    for (let i = 0; i < 3; i++) {
      const name = `killed${i}`;
      // At any moment, and twice when there is something to go on from.
      const from = i === 0 ? 'run.json' : 'checkpoint.bin';
      const killed = await lodestone([...guide, '--run', name], folder, 800 * random(), {}, from);
      expect(killed.code).toBeNull();
      await lodestone(['resume', name], folder, 1500 + 2500 * random());
      const { code, out } = await lodestone(['resume', name], folder);
      expect(code).toBe(0);
      resumed.push(out);
      expect(Buffer.compare(await readFile(join(folder, name, 'picture.png')), straight)).toBe(0);
      const csv = (await readFile(join(folder, name, 'scores.csv'), 'utf8')).trim().split('\n');
      expect(csv.slice(1).map((line) => Number(line.split(',')[0]))).toEqual(
        // A fifth of the steps went into trying beginnings.
        Array.from({ length: 64 }, (_, k) => k + 17),
      );
    }
    expect(resumed.some((out) => / goes on after step [1-9]/.test(out))).toBe(true);
  });
});
