import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadRegistry, type PluginEvent, runPlugin } from '../../core/index.ts';
import { PICTURES } from '../support/composites.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';

const bin = fileURLToPath(new URL('../../server/launch/bin.js', import.meta.url));
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
    expect((await find({ query: `[picture:${heart}]` }))[0]).toBe('red-heart.png');
    expect((await find({ query: `[picture:${heart}] | red:-1 | blue` }))[0]).toBe('blue-heart.png');
    const sketch = join(folder, '..', `${basename(folder)}-sketch.png`);
    await sharp(await drawn('star', 'orange'))
      .resize(200, 120, { fit: 'contain', background: '#fff' })
      .toFile(sketch);
    const root = servicesOf(engine, folder.slice(0, folder.lastIndexOf('/')));
    const drawnOne = await eventsOf(search, { pictures: [folder], sketch: [sketch] }, root);
    expect(names(drawnOne)[0]).toBe('gold-star.png');
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
  it('groups near-duplicates', async () => {
    const folder = await shapes();
    await sharp(join(folder, 'red-heart.png')).resize(80, 80).jpeg().toFile(join(folder, 'again.jpg'));
    const events = await eventsOf(search, { pictures: [folder], duplicates: 0.97 }, servicesOf(engine, folder));
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
  it('finds the same approximately as exactly, from a graph that is kept and grows', async () => {
    const services = servicesOf(engine, PICTURES);
    const find = async (exactUpTo: number, query: string): Promise<string[]> =>
      names(await eventsOf(search, { query, pictures: [PICTURES], best: 5, exactUpTo }, services));
    for (const query of ['a lion', 'a photo of a car', 'something red'])
      expect(await find(0, query)).toEqual(await find(200_000, query));
  });
});

describe('an index whose process is killed in the middle', () => {
  it('goes on where it was', async () => {
    const [folder, kept] = [await temporaryFolder(), await temporaryFolder()];
    for (let i = 0; i < 900; i++)
      await writeFile(
        join(folder, `${i}.png`),
        await sharp({
          create: {
            width: 64,
            height: 64,
            channels: 3,
            background: { r: i % 256, g: (7 * i) % 256, b: (31 * i) % 256 },
          },
        })
          .png()
          .toBuffer(),
      );
    const args = [bin, 'search', 'a red square', folder, '--json'];
    const env = { ...process.env, LODESTONE_DATA: kept, LODESTONE_CACHE: 'off' };
    const killed = spawn(process.execPath, args, { env, detached: true, stdio: 'ignore' });
    const { existsSync, statSync, readdirSync } = await import('node:fs');
    const place = join(kept, 'plugins/search');
    const size = (): number =>
      existsSync(place) ? readdirSync(place).reduce((sum, n) => sum + statSync(join(place, n)).size, 0) : 0;
    while (size() < 200_000 && killed.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
    if (killed.pid !== undefined && killed.exitCode === null) process.kill(-killed.pid, 'SIGKILL');
    await once(killed, 'close').catch(() => undefined);
    const services = { ...servicesOf(engine, folder), folder: async () => place, folderOf: () => place };
    const events = await eventsOf(search, { query: 'a red square', pictures: [folder] }, services);
    const [first] = events.flatMap((e) => (e.type === 'progress' ? [e.done] : []));
    expect(first).toBeGreaterThan(0);
    expect(ranking(events)[0]?.items).toHaveLength(20);
    const fresh = await eventsOf(search, { query: 'a red square', pictures: [folder] }, servicesOf(engine, folder));
    expect(ranking(events)).toEqual(ranking(fresh));
  });
});
