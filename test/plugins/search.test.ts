import { mkdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadRegistry, type PluginEvent, runPlugin } from '../../core/index.ts';
import { PICTURES } from '../support/composites.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';

const engine = useEngine();
const search = (await loadRegistry()).find('search');
const ranking = (events: readonly PluginEvent[]) => events.flatMap((e) => (e.type === 'ranking' ? [e] : []));
const names = (events: readonly PluginEvent[]): string[] =>
  ranking(events)[0]?.items.map((i) => basename(i.picture)) ?? [];

async function shapes(): Promise<string> {
  const folder = await temporaryFolder();
  for (const [shape, colour] of [
    ['heart', 'red'],
    ['heart', 'blue'],
    ['star', 'gold'],
    ['circle', 'red'],
    ['square', 'green'],
  ] as const)
    await writeFile(join(folder, `${colour}-${shape}.png`), await drawn(shape, colour));
  return folder;
}

describe('search', () => {
  it('finds by words, by a picture, by both with plus and minus, and by a sketch', async () => {
    const folder = await shapes();
    const find = async (more: object): Promise<string[]> =>
      names(await eventsOf(search, { pictures: [folder], best: 3, ...more }, servicesOf(engine, folder)));
    expect((await find({ query: 'a yellow star' }))[0]).toBe('gold-star.png');
    const heart = join(folder, 'red-heart.png').replaceAll(':', '\\:');
    // Beside itself, which is no answer.
    expect((await find({ query: `[picture:${heart}]` }))[0]).toBe('blue-heart.png');
    expect((await find({ query: `[picture:${heart}] | red:-1 | blue` }))[0]).toBe('blue-heart.png');
    const sketch = join(folder, '..', `${basename(folder)}-sketch.png`);
    await sharp(await drawn('star', 'orange'))
      .resize(200, 120, { fit: 'contain', background: '#fff' })
      .toFile(sketch);
    const root = servicesOf(engine, folder.slice(0, folder.lastIndexOf('/')));
    const drawnOne = await eventsOf(search, { pictures: [folder], sketch: [sketch] }, root);
    expect(names(drawnOne)[0]).toBe('gold-star.png');
  });
  it('looks for more like what was right and less like what was wrong, and shows neither again', async () => {
    const folder = await shapes();
    const find = async (more: object): Promise<string[]> =>
      names(await eventsOf(search, { pictures: [folder], query: 'a shape', ...more }, servicesOf(engine, folder)));
    const [heart, star] = [join(folder, 'blue-heart.png'), join(folder, 'gold-star.png')];
    const right = await find({ liked: [heart] });
    expect(right[0]).toBe('red-heart.png');
    expect(right).not.toContain('blue-heart.png');
    const wrong = await find({ liked: [star], disliked: [join(folder, 'red-circle.png')] });
    expect(wrong).toHaveLength(3);
    expect(wrong.indexOf('green-square.png')).toBeGreaterThanOrEqual(0);
  });
  it('indexes what has changed and nothing else, and passes over what cannot be read', async () => {
    const folder = await shapes();
    const services = servicesOf(engine, folder);
    const indexed = async (): Promise<number> => {
      const events = await eventsOf(search, { query: 'a heart', pictures: [folder] }, services);
      const [first] = events.flatMap((e) => (e.type === 'progress' ? [e] : []));
      return (first?.total ?? 0) - (first?.done ?? 0);
    };
    expect(await indexed()).toBe(5);
    expect(await indexed()).toBe(0);
    await writeFile(join(folder, 'red-heart.png'), await drawn('triangle', 'purple'));
    await utimes(join(folder, 'red-heart.png'), new Date(), new Date(Date.now() + 5000));
    await writeFile(join(folder, 'broken.png'), 'no picture');
    expect(await indexed()).toBe(2);
    expect(await indexed()).toBe(0);
  });
  it('filters by folder, day and size', async () => {
    const folder = await shapes();
    await mkdir(join(folder, 'old'));
    await writeFile(join(folder, 'old', 'heart.png'), await drawn('heart', 'crimson'));
    await utimes(join(folder, 'old', 'heart.png'), new Date(), new Date('2020-05-05'));
    const services = servicesOf(engine, folder);
    const find = async (more: object): Promise<string[]> =>
      names(await eventsOf(search, { query: 'a heart', pictures: [folder], ...more }, services));
    expect(await find({ within: '/old/' })).toEqual(['heart.png']);
    expect(await find({ before: '2021-01-01' })).toEqual(['heart.png']);
    expect(await find({ after: '2021-01-01' })).not.toContain('heart.png');
    await expect(find({ smallest: 1000 })).rejects.toMatchObject({ code: 'NO_PICTURES' });
    await expect(find({ after: 'yesterday' })).rejects.toMatchObject({ code: 'PARAMETER_INVALID' });
  });
  it('leaves out the picture that is asked with, and tells how others stand among pictures', async () => {
    const folder = await shapes();
    const heart = join(folder, 'red-heart.png').replaceAll(':', '\\:');
    const parameters = { query: `[picture:${heart}]`, pictures: [folder], best: 10 };
    const [found] = ranking(await eventsOf(search, parameters, servicesOf(engine, folder)));
    expect(found?.items.map((i) => basename(i.picture)).sort()).toEqual([
      'blue-heart.png',
      'gold-star.png',
      'green-square.png',
      'red-circle.png',
    ]);
    // Of two hundred everyday pictures hardly any is closer to a drawn heart than another heart, or another shape.
    const standing = new Map(found?.items.map((i) => [basename(i.picture), i.percentile ?? -1]));
    expect(standing.get('blue-heart.png')).toBe(100);
    expect(standing.get('gold-star.png')).toBeLessThan(100);
    const photographs = ['autumn-forest', 'castle', 'town-square'].map((name) => join(PICTURES, `${name}.webp`));
    const [far] = ranking(await eventsOf(search, { ...parameters, pictures: photographs }, servicesOf(engine, '/')));
    expect(far?.items).toHaveLength(3);
    for (const { percentile } of far?.items ?? []) expect(percentile).toBeLessThan(90);
  });
  it('refuses days that do not exist, and takes those that do where it runs', async () => {
    const folder = await shapes();
    const find = (more: object): Promise<PluginEvent[]> =>
      eventsOf(search, { query: 'a heart', pictures: [folder], ...more }, servicesOf(engine, folder));
    for (const after of ['2026-02-30', '2025-13-01'])
      await expect(find({ after }), after).rejects.toMatchObject({
        code: 'PARAMETER_INVALID',
        message: expect.stringContaining('does not exist'),
      });
    const midnight = new Date(2020, 4, 5);
    await utimes(join(folder, 'red-heart.png'), midnight, midnight);
    expect(names(await find({ before: '2020-05-06' }))).toEqual(['red-heart.png']);
    await expect(find({ before: '2020-05-05' })).rejects.toMatchObject({ code: 'NO_PICTURES' });
  });
  it('knows files that have changed places, and those that may be read again', async () => {
    const folder = await shapes();
    const services = servicesOf(engine, folder);
    const find = async (query: string): Promise<string[]> =>
      names(await eventsOf(search, { query, pictures: [folder], best: 1 }, services));
    const [heart, star, aside] = ['red-heart.png', 'gold-star.png', '.aside.png'].map((n) => join(folder, n)) as [
      string,
      string,
      string,
    ];
    const same = new Date(2020, 1, 1);
    await writeFile(
      star,
      Buffer.concat([await readFile(star), Buffer.alloc(5000)]).subarray(0, (await readFile(heart)).byteLength + 3000),
    );
    await writeFile(heart, Buffer.concat([await readFile(heart), Buffer.alloc(3000)]));
    for (const path of [heart, star]) await utimes(path, same, same);
    expect((await stat(heart)).size).toBe((await stat(star)).size);
    expect(await find('a yellow star')).toEqual(['gold-star.png']);
    for (const [from, to] of [
      [heart, aside],
      [star, heart],
      [aside, star],
    ] as const)
      await rename(from, to);
    expect(await find('a yellow star')).toEqual(['red-heart.png']);
  });
  it('groups near-duplicates', async () => {
    const folder = await shapes();
    await sharp(join(folder, 'red-heart.png')).resize(80, 80).jpeg().toFile(join(folder, 'again.jpg'));
    const events = await eventsOf(search, { pictures: [folder], duplicates: 0.9 }, servicesOf(engine, folder));
    const table = events.find((e) => e.type === 'table');
    const rows = table?.type === 'table' ? table.rows.map((r) => [r[0], basename(String(r[1]))]) : [];
    expect(rows).toEqual([
      [1, 'again.jpg'],
      [1, 'red-heart.png'],
    ]);
  });
  it('stays for further queries, and each is answered from what is there', async () => {
    const folder = await shapes();
    const run = runPlugin(
      search,
      { query: 'a heart', pictures: [folder], best: 1, stay: true },
      servicesOf(engine, folder),
    );
    const found: string[] = [];
    const further = ['a yellow star', 'a green square'];
    for await (const event of run.events) {
      if (event.type !== 'ranking') continue;
      found.push(basename(event.items[0]?.picture ?? ''));
      const next = further.shift();
      await run.steer(next === undefined ? { control: 'finish' } : { prompt: next });
    }
    expect(found).toEqual([expect.stringContaining('heart'), 'gold-star.png', 'green-square.png']);
  });
});
