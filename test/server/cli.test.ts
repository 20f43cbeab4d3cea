import { exec } from 'node:child_process';
import { cp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { bin, lodestone } from '../support/command-line.ts';
import { lodestoneHere } from '../support/command-line-here.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { referenceFolder } from '../support/reference.ts';
import { lodestoneOnStrange, lodestoneOnStrangeHere, strangeModel } from '../support/with-models.ts';

async function pictures(): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, bytes] of Object.entries({ heart: await drawn('heart', 'red'), star: await drawn('star', 'gold') }))
    await writeFile(join(folder, `${name}.png`), bytes);
  return folder;
}

describe('lodestone', () => {
  it('guide draws a picture and writes it whole', async () => {
    const folder = await temporaryFolder();
    const { code, out } = await lodestoneOnStrange(
      [
        'guide',
        'a red heart',
        '--seed',
        '1',
        '--steps',
        '10',
        '--size',
        '64',
        '--tidy',
        '0',
        '--out',
        'heart.png',
        '--json',
      ],
      folder,
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      plugin: 'guide',
      pictures: [
        { file: 'heart.png', width: 64, record: { parameters: { seed: 1, steps: 10, drawer: 'strokes' }, steps: 10 } },
      ],
    });
    expect(await sharp(join(folder, 'heart.png')).metadata()).toMatchObject({ width: 64 });
    expect((await readdir(folder)).sort()).toEqual(['heart.png', 'heart.svg']);
  });

  it('rank, score and classify agree on what a picture shows', async () => {
    const folder = await pictures();
    const ranked = await lodestoneHere(['rank', 'a yellow star', folder, '--json'], folder);
    expect(JSON.parse(ranked.out).ranking.items[0].picture).toBe(join(folder, 'star.png'));
    const scored = await lodestoneHere(['score', join(folder, 'heart.png'), 'a star', 'a heart', '--json']);
    expect(JSON.parse(scored.out).scores[0].text).toBe('a heart');
    await writeFile(join(folder, 'labels.txt'), 'heart\nstar\n\n');
    const classified = await lodestoneHere(
      ['classify', folder, '--labels', join(folder, 'labels.txt'), '--json'],
      folder,
    );
    const [table] = JSON.parse(classified.out).tables as { columns: string[]; rows: (string | number)[][] }[];
    expect(table?.columns.slice(0, 2)).toEqual(['picture', 'is']);
    expect(table?.rows.map((r) => r[1]).filter((is) => is !== '')).toEqual(['heart', 'star']);
    const plain = await lodestoneHere(['score', join(folder, 'heart.png'), 'a star', 'a heart']);
    expect(plain.out).toMatch(/a heart\n.*a star\n$/);
  });

  it('model check compares every graph of a folder with its golden values', async () => {
    const folder = await temporaryFolder();
    const checked =
      /\/(?:golden\.safetensors|config\.json|preprocessor_config\.json|(?:text|vision)_model(?:_dynamo|_fp16)?\.onnx)$/;
    await cp(join(referenceFolder(), 'clip-vit'), folder, {
      recursive: true,
      filter: async (from) => (await stat(from)).isDirectory() || checked.test(from),
    });
    const { code, out } = await lodestoneHere(['model', 'check', folder, '--json']);
    expect(code).toBe(0);
    const { files } = JSON.parse(out) as { files: { file: string; cosineGradient?: number }[] };
    expect(files.map((f) => f.file)).toContain('vision_model_dynamo.onnx');
    // Graphs of coarser numbers are compared with values of their own elsewhere.
    const exact = files.filter((f) => !/_(?:fp16|quantized|q4|qdq)\.onnx$/.test(f.file));
    expect(exact.length).toBe(4);
    for (const f of exact) if (f.cosineGradient !== undefined) expect(f.cosineGradient).toBeLessThan(1e-4);
  });

  it.each([
    ['no command that it knows', ['paint'], 2, /unknown command|error/i],
    ['an option that is not there', ['guide', 'x', '--stepps', '3'], 2, /--stepps/],
    ['a number out of bounds', ['guide', 'x', '--steps', '0'], 2, /at least 1/],
    ['words where a number belongs', ['guide', 'x', '--seed', 'one'], 2, /whole number/],
    ['an empty prompt', ['guide', ' '], 2, /PARAMETER_INVALID|PROMPT_EMPTY/],
    ['a prompt with a wrong weight', ['guide', 'a:500'], 2, /PROMPT_INVALID.*500/],
    ['a picture that is not there', ['score', 'nowhere.png', 'a cat'], 1, /FILE_MISSING.*nowhere\.png/],
    ['a model folder that is none', ['score', bin, 'a cat', '--model', '/nowhere'], 1, /MODEL_MISSING.*\/nowhere/],
    ['a picture that is none', ['score', bin, 'a cat'], 1, /PICTURE_UNREADABLE.*bin\.js/],
    ['a folder that cannot be written', ['guide', 'x', '--out', join(bin, 'x.png')], 1, /FILE_WRITE/],
  ] as const)('says what is wrong with %s', async (_what, args, code, message) => {
    const result = await lodestoneHere([...args]);
    expect(result.err).toMatch(message);
    expect(result.code).toBe(code);
    expect(result.out).toBe('');
  });

  it('says what it is about a picture that nobody named, writes over none, and how well it fits', async () => {
    const folder = await temporaryFolder();
    const quick = ['guide', 'a fish', '--steps', '2', '--size', '64', '--crops', '1', '--tidy', '0', '--count', '4'];
    expect((await lodestoneOnStrangeHere(quick, folder)).out).toMatch(
      /a-fish\.png .*\n +a fish: -?0\.\d+, fits better than \d+ %/,
    );
    expect((await lodestoneOnStrangeHere(quick, folder)).out).toMatch(/a-fish-2\.png/);
    const shown = await lodestoneOnStrange(['rank', 'a fish', '.', '--animation', 'a.gif'], folder);
    expect(shown).toMatchObject({ code: 0, err: expect.stringContaining('a.gif was not written') });
  });

  it.each([
    ['rank', ['rank', 'a fish'], 'name pictures or folders'],
    ['style-match', ['style-match', '--references', bin], 'after --'],
    ['a list that took the pictures', ['classify', '--labels', 'a', bin], 'end --labels'],
    [
      'another model that would have to be fetched',
      ['guide', 'a', '--steps', '1', '--models', 'nobody/none', '--offline'],
      'HUB_OFFLINE',
    ],
  ] as const)('says what to do when %s is used wrongly', async (_what, args, what) => {
    const { code, err } = await lodestoneHere([...args]);
    expect([code === 0, err]).toEqual([false, expect.stringContaining(what)]);
  });

  it('says which folder of plugins is not there, and goes on with those that are', async () => {
    const env = { LODESTONE_PLUGINS: '/nowhere' };
    const { code, err } = await lodestone(
      ['rank', 'a red heart', await pictures(), '--model', strangeModel()],
      '.',
      undefined,
      env,
    );
    expect([code, err]).toEqual([0, expect.stringMatching(/^FILE_MISSING: \/nowhere/)]);
  });

  it('goes on when who reads what it says has left', async () => {
    const folder = await pictures();
    const { stderr } = await promisify(exec)(
      `"${process.execPath}" "${bin}" moderate . --model "${strangeModel()}" | true`,
      { cwd: folder },
    );
    expect(stderr).not.toMatch(/EPIPE/);
  });

  it('writes no file that nobody asked for, and all of them where a place is named', async () => {
    const folder = await pictures();
    const before = (await readdir(folder)).sort();
    const quiet = await lodestoneOnStrangeHere(['explain', 'a heart', 'heart.png', '--json'], folder);
    expect([quiet.code, quiet.err]).toEqual([0, expect.not.stringContaining('--out')]);
    const plain = await lodestoneOnStrangeHere(['rank', 'a heart', '.'], folder);
    expect(plain).toMatchObject({ code: 0, err: expect.stringContaining('--out or --run') });
    expect((await readdir(folder)).sort()).toEqual(before);
    expect((await lodestoneOnStrangeHere(['rank', 'a heart', '.', '--out', 'x/y.png'], folder)).code).toBe(0);
    expect(await readdir(join(folder, 'x'))).toEqual(['ranking.csv']);
  });

  it('goes on past pictures that are not there, and says so', async () => {
    const folder = await pictures();
    const { code, err, out } = await lodestoneOnStrangeHere(['rank', 'a heart', 'gone.png', '.', '--json'], folder);
    expect([code, err]).toEqual([0, expect.stringMatching(/gone\.png does not exist.*left out/)]);
    expect(JSON.parse(out).ranking.items).toHaveLength(2);
  });

  it('says what of a long text the model does not see', async () => {
    const folder = await pictures();
    const long = `a heart ${'that is red and '.repeat(5)}drawn by hand`;
    const { err } = await lodestoneHere(['score', join(folder, 'heart.png'), long, 'a star']);
    expect(err).toMatch(/is longer than the model takes: it does not see ".*drawn by hand"/);
    const ranked = await lodestoneHere(['rank', long, folder]);
    expect(ranked.err).toMatch(/it does not see ".*drawn by hand"/);
  });

  it('with --json gives an error as the one document', async () => {
    const { code, out } = await lodestoneHere(['score', 'nowhere.png', 'a', '--json']);
    expect([code, JSON.parse(out).error.code]).toEqual([1, 'FILE_MISSING']);
  });

  it('tells its version', async () => {
    const { version } = JSON.parse(
      await readFile(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8'),
    ) as { version: string };
    expect((await lodestone(['--version'])).out.trim()).toBe(version);
  });
});
