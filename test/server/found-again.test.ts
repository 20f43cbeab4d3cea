/** What a run was given is found again, wherever a replay is begun. */
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseRecipe, RunInputs } from '../../core/index.ts';
import { textOf } from '../../core/png-text.ts';
import { RecordedInputs } from '../../server/cli/recorded-inputs.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { lodestoneOnStrange } from '../support/with-models.ts';

const quick = ['--steps', '4', '--size', '64', '--crops', '2', '--tidy', '0'];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lodestone-test-'));
  await mkdir(join(folder, 'in'));
  await writeFile(join(folder, 'in', 'sketch.png'), await drawn('heart', 'red'));
  const made = await lodestoneOnStrange(
    ['guide', 'a fish', '--start', 'in/sketch.png', ...quick, '--out', 'a.png'],
    folder,
  );
  expect(made, made.err).toMatchObject({ code: 0 });
  return () => rm(folder, { recursive: true, force: true });
});

describe('a picture that began from another', () => {
  it('is verified from any working folder', async () => {
    expect(await lodestoneOnStrange(['verify', join(folder, 'a.png')], await temporaryFolder())).toMatchObject({
      code: 0,
    });
  });
  it('is verified when what it began from lies beside it, by name or by content', async () => {
    const elsewhere = await temporaryFolder();
    const [from, to] = [join(folder, 'in', 'sketch.png'), join(elsewhere, 'renamed.dat')];
    await writeFile(join(elsewhere, 'a.png'), await readFile(join(folder, 'a.png')));
    await rename(from, to);
    try {
      expect(await lodestoneOnStrange(['verify', 'a.png'], elsewhere)).toMatchObject({ code: 0 });
      await rm(to);
      expect(await lodestoneOnStrange(['verify', 'a.png'], elsewhere)).toMatchObject({
        code: 1,
        err: expect.stringMatching(/^RECORD_INPUT: .*is not there, nor beside the picture/),
      });
    } finally {
      await writeFile(from, await drawn('heart', 'red'));
    }
  });
  it('that was cut replays, and is said to be not comparable', async () => {
    const bytes = await readFile(join(folder, 'a.png'));
    await writeFile(join(folder, 'cut.png'), bytes.subarray(0, bytes.byteLength - 300));
    expect(await lodestoneOnStrange(['verify', 'cut.png'], folder)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^NOT_COMPARABLE: cut\.png/),
    });
    expect(await lodestoneOnStrange(['replay', 'cut.png', '--out', 'again.png'], folder)).toMatchObject({ code: 0 });
    expect(await lodestoneOnStrange(['verify', 'again.png'], folder)).toMatchObject({ code: 0 });
  });
});

describe('pictures that were too many to be named', () => {
  it('are taken from where they were, and refused when they are others', async () => {
    const many = await temporaryFolder();
    const dot = (n: number): Promise<Buffer> =>
      sharp({ create: { width: 1, height: 1, channels: 3, background: { r: n, g: 9, b: 9 } } })
        .png()
        .toBuffer();
    const paths = Array.from({ length: 201 }, (_, n) => join(many, `${1000 + n}.png`));
    for (const [n, path] of paths.entries()) await writeFile(path, await dot(n));
    const given = new RunInputs();
    given.given(paths.map((path) => ({ path })));
    const text = textOf(await readFile(join(folder, 'a.png')), 'lodestone') ?? '';
    const recipe = { ...parseRecipe(text, 'a.png'), ...(await given.told()) };
    const again = (): Promise<RecordedInputs> => RecordedInputs.of(recipe, folder);
    expect(await (await again()).pictures([many])).toHaveLength(201);
    await writeFile(paths[7] ?? '', await dot(250));
    await expect((await again()).pictures([many])).rejects.toMatchObject({
      code: 'RECORD_INPUTS',
      message: expect.stringContaining('given 201 pictures'),
    });
  });
});
