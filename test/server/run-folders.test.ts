import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { RunFolder } from '../../core/plugin/run-folder.ts';
import { type Ended, lodestone } from '../support/command-line.ts';
import { temporaryFolder } from '../support/pictures.ts';
import { lodestoneOnStrange } from '../support/with-models.ts';

const quick = ['guide', 'a red heart', '--steps', '30', '--size', '64', '--tidy', '0', '--crops', '2'];

let folder: string;
let ended: Ended[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lodestone-test-'));
  ended = await Promise.all([1, 2].map(() => lodestoneOnStrange([...quick, '--run', 'same', '--json'], folder)));
  return () => rm(folder, { recursive: true, force: true });
});

describe('two commands that want one run folder at once', () => {
  it('have it one at a time: one makes a whole run, the other is told that it is taken', async () => {
    const [done, refused] = ended.toSorted((a, b) => (a.code ?? 9) - (b.code ?? 9));
    expect(done, done?.err).toMatchObject({ code: 0, out: expect.stringContaining('picture.png') });
    expect(refused?.code).toBe(1);
    expect(['RUN_BUSY', 'RUN_EXISTS']).toContain(JSON.parse(refused?.out ?? '').error.code);
    expect((await readdir(join(folder, 'same'))).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(await lodestoneOnStrange(['verify', 'same/picture.png'], folder)).toMatchObject({ code: 0 });
  });
});

describe('a command that is used wrongly', () => {
  it.each([
    ['a port that is none', ['start', '--port', 'abc']],
    ['variations that are no number', [...quick, '--variations', 'abc']],
    ['a picture of a kind that is not made', ['replay', 'x', '--out', 'y.txt']],
  ])('ends with 2 and says so: %s', async (_what, args) => {
    const place = await temporaryFolder();
    const { code, out } = await lodestone([...args, '--json'], place);
    expect([code, JSON.parse(out).error.code]).toEqual([2, 'USAGE']);
    expect(await readdir(place)).toEqual([]);
  });
  it('ends before the run begins where it needs a program that is not there', async () => {
    const place = await temporaryFolder();
    const args = ['guide', 'a', '--steps', '500', '--animation', 'a.mp4', '--json'];
    const { code, out } = await lodestone(args, place, undefined, { PATH: '/nowhere' });
    expect([code, JSON.parse(out).error]).toEqual([
      2,
      { code: 'USAGE', message: expect.stringMatching(/ffmpeg.*\.webp or \.gif/) },
    ]);
    expect(await readdir(place)).toEqual([]);
  });
});

describe('a run folder with one damaged byte', () => {
  const copied = async (): Promise<string> => {
    const place = join(await temporaryFolder(), 'run');
    await cp(join(folder, 'same'), place, { recursive: true });
    return place;
  };
  const flipped = (bytes: Uint8Array, place: number): Uint8Array =>
    bytes.map((byte, i) => (i === place ? byte ^ 1 : byte));
  const facts = async (place: string): Promise<unknown> =>
    Promise.all(
      (await readdir(place)).sort().map(async (name) => {
        const path = join(place, name);
        return [name, (await stat(path)).mtimeMs, (await readFile(path)).toString('base64')];
      }),
    );

  it.each([
    ['checkpoint.bin', 'CHECKPOINT_INVALID'],
    ['run.json', 'RECORD_INVALID'],
  ])('in %s is not taken up, and stays as it is', async (file, code) => {
    const run = await copied();
    const bytes = await readFile(join(run, file));
    await writeFile(join(run, file), flipped(bytes, Math.floor(bytes.length * 0.6)));
    const before = await facts(run);
    const resumed = await lodestone(['resume', run, '--json']);
    expect([resumed.code, JSON.parse(resumed.out).error.code]).toEqual([1, code]);
    expect(await facts(run)).toEqual(before);
  });

  it('anywhere in its checkpoint is noticed', async () => {
    const run = await copied();
    const path = join(run, 'checkpoint.bin');
    const bytes = await readFile(path);
    const places = [
      0,
      1,
      2,
      3,
      4,
      7,
      8,
      11,
      12,
      13,
      40,
      ...[0.3, 0.5, 0.7, 0.9].map((s) => Math.floor(s * bytes.length)),
    ];
    for (const place of [...places, bytes.length - 1]) {
      await writeFile(path, flipped(bytes, place));
      await expect(new RunFolder(run).resumable(), `byte ${place}`).rejects.toMatchObject({
        code: 'CHECKPOINT_INVALID',
      });
    }
    for (const length of [0, 3, 4, 8, 12, 100, bytes.length - 1]) {
      await writeFile(path, bytes.subarray(0, length));
      await expect(new RunFolder(run).resumable(), `${length} bytes`).rejects.toMatchObject({
        code: 'CHECKPOINT_INVALID',
      });
    }
  });
  it('anywhere in what it says of itself is noticed', async () => {
    const run = await copied();
    const path = join(run, 'run.json');
    const bytes = await readFile(path);
    // Without that word there is nothing to compare with, as in a run.json that was written by hand.
    const word = bytes.indexOf('"sum"');
    for (let place = 0; place < bytes.length - 1; place += 3) {
      if (place >= word && place < word + 5) continue;
      await writeFile(path, flipped(bytes, place));
      await expect(new RunFolder(run).recipe(), `byte ${place}`).rejects.toMatchObject({ code: 'RECORD_INVALID' });
    }
  });
});
