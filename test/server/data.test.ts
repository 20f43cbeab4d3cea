import { appendFile, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lodestoneHere } from '../support/command-line-here.ts';
import { drawing, ended, folder, on, start } from '../support/remembering.ts';

const said = async (data: string, ...args: string[]) => {
  const { code, out } = await lodestoneHere(['data', ...args, '--data', data, '--json']);
  return { code, told: JSON.parse(out) };
};
const DAY_MS = 24 * 3600 * 1000;
const aged = async (file: string, days: number): Promise<void> => {
  const at = new Date(Date.now() - days * DAY_MS);
  await utimes(file, at, at);
};
/** A data folder with a finished run. */
async function drawn(): Promise<{ readonly data: string; readonly picture: string }> {
  const data = await folder();
  const server = await on(data);
  const { picture } = await ended(server, (await start(server, { ...drawing, steps: 8 })).id);
  await server.close();
  return { data, picture: picture?.file ?? '' };
}

describe('data check', () => {
  it('finds nothing wrong with what a run gave, and names what is missing, changed and damaged', async () => {
    const { data, picture } = await drawn();
    const gallery = join(data, 'gallery');
    const files = (await readdir(gallery)).length;
    expect(await said(data, 'check')).toMatchObject({ code: 0, told: { runs: 1, files, problems: [], swept: 0 } });

    const part = join(gallery, '.01234567-89ab-cdef-0123-456789abcdef.part');
    await writeFile(part, 'half');
    await writeFile(join(gallery, 'stranger.png'), (await readFile(join(gallery, picture))).subarray(0, 900));
    await appendFile(join(gallery, picture), 'more');
    await rm(join(gallery, picture.replace('.png', '.svg')));
    const { code, told } = await said(data, 'check');
    expect(code).toBe(1);
    expect(told.swept).toBe(1);
    expect(Object.fromEntries(told.problems.map((p: { file: string; what: string }) => [p.file, p.what]))).toEqual({
      [picture]: 'changed',
      [picture.replace('.png', '.svg')]: 'missing',
      'stranger.png': 'damaged',
    });
    expect((await readdir(gallery)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
  it('is refused while a studio works there', async () => {
    const data = await folder();
    const server = await on(data);
    expect((await said(data, 'check')).told).toMatchObject({ error: { code: 'DATA_IN_USE' } });
    await server.close();
  });
});

describe('data prune', () => {
  it('removes what is older than was said, and leaves what is starred or named by a remembered run', async () => {
    const { data, picture } = await drawn();
    const place = (name: string): string => join(data, 'gallery', name);
    const names = ['old.png', 'loved.png', 'young.png'];
    for (const name of names) await writeFile(place(name), name);
    for (const name of ['old.png', 'loved.png', picture]) await aged(place(name), 40);
    await writeFile(join(data, 'reports', 'old.csv'), 'a,b');
    await aged(join(data, 'reports', 'old.csv'), 40);
    expect((await said(data, 'star', 'loved.png')).told).toEqual({ stars: ['loved.png'] });

    const gone = ['gallery/old.png', 'reports/old.csv'];
    const named = ({ told }: Awaited<ReturnType<typeof said>>): string[] =>
      told.gone.map((g: { kind: string; name: string }) => `${g.kind}/${g.name}`);
    for (const days of ['', '-1', 'x'])
      expect((await said(data, 'prune', '--days', days)).told, days).toMatchObject({ error: { code: 'USAGE' } });
    const dry = await said(data, 'prune', '--days', '30', '--dry-run');
    expect(named(dry)).toEqual(gone);
    expect(await readdir(join(data, 'reports'))).toEqual(['old.csv']);
    expect(named(await said(data, 'prune', '--days', '30'))).toEqual(gone);
    const left = await readdir(join(data, 'gallery'));
    expect(left).toEqual(expect.arrayContaining(['loved.png', 'young.png', picture]));
    expect(left).not.toContain('old.png');
    expect(await readdir(join(data, 'reports'))).toEqual([]);
    const { told } = await said(data, 'list');
    expect(told).toMatchObject({ runs: 1, stars: 1 });
    expect(told.sizes[0]).toMatchObject({ what: 'gallery', files: left.length, bytes: expect.any(Number) });
  });
});
