import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadRegistry, type PluginEvent } from '../../core/index.ts';
import { bin } from '../support/command-line.ts';
import { PICTURES } from '../support/composites.ts';
import { temporaryFolder } from '../support/pictures.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';

const engine = useEngine();
const search = (await loadRegistry()).find('search');
const ranking = (events: readonly PluginEvent[]) => events.flatMap((e) => (e.type === 'ranking' ? [e] : []));

const names = (events: readonly PluginEvent[]): string[] =>
  ranking(events)[0]?.items.map((i) => basename(i.picture)) ?? [];

describe('search', () => {
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
    // A graph of nine hundred finds nearly all of these without looking at each.
    const near = await eventsOf(search, { query: 'a red square', pictures: [folder], exactUpTo: 0 }, services);
    const exact = new Set(names(events));
    expect(ranking(near)[0]?.items).toHaveLength(20);
    const scores = (e: readonly PluginEvent[]): number[] => ranking(e)[0]?.items.map((i) => i.score) ?? [];
    const best = scores(events);
    expect(scores(near).every((s, i) => s <= (best[i] ?? 0) + 1e-6)).toBe(true);
    expect(names(near).filter((name) => exact.has(name)).length).toBeGreaterThan(10);
  });
});
