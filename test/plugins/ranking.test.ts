import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadRegistry, type PluginEvent } from '../../core/index.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';

const registry = await loadRegistry();
const engine = useEngine();
const names = (events: readonly PluginEvent[]): string[] =>
  events.flatMap((e) => (e.type === 'ranking' ? e.items.map((i) => basename(i.picture, '.png')) : []));

describe('rerank', () => {
  it('puts the picture that shows the prompt first, and notes what it cannot read', async () => {
    const folder = await temporaryFolder();
    for (const [name, bytes] of Object.entries({
      heart: await drawn('heart', 'red'),
      square: await drawn('square', 'blue'),
      star: await drawn('star', 'gold'),
      torn: Buffer.from('no'),
    }))
      await writeFile(join(folder, `${name}.png`), bytes);
    const run = (prompt: string) =>
      eventsOf(registry.find('rank'), { prompt, pictures: [folder] }, servicesOf(engine, folder));
    const hearts = await run('a red heart');
    expect(names(hearts)[0]).toBe('heart');
    expect(names(hearts)).toHaveLength(3);
    expect(hearts.filter((e) => e.type === 'note').map((e) => e.text)).toEqual([
      expect.stringContaining('PICTURE_UNREADABLE'),
    ]);
    expect(names(await run('a yellow star'))[0]).toBe('star');
    expect(names(await run('a blue square:1 | a red heart:-1'))).toEqual(['square', 'star', 'heart']);
  });
});

describe('rerank in full', () => {
  it('keeps alike pictures apart when that is wished, says why, and works on the best further', async () => {
    const folder = await temporaryFolder();
    for (let i = 0; i < 3; i++)
      await writeFile(join(folder, `heart-${i}.png`), await drawn('heart', ['#d00', '#d11', '#c00'][i] ?? ''));
    await writeFile(join(folder, 'other.png'), await drawn('star', 'gold', 'black'));
    const run = (more: object) =>
      eventsOf(
        registry.find('rerank'),
        { prompt: 'a red heart | a drawing:0.5', pictures: [folder], ...more },
        servicesOf(engine, folder),
      );
    const plain = await run({});
    expect(names(plain).slice(0, 3).sort()).toEqual(['heart-0', 'heart-1', 'heart-2']);
    expect(names(await run({ diversity: 0.9, best: 2 }))[1]).toBe('other');
    const table = plain.find((e) => e.type === 'table');
    expect(table?.type === 'table' && table.columns).toEqual(['place', 'picture', 'a red heart', 'a drawing']);
    const ranked = plain.flatMap((e) => (e.type === 'ranking' ? e.items : []));
    const [row = []] = table?.type === 'table' ? table.rows : [];
    expect(Number(row[2]) + Number(row[3])).toBeCloseTo(ranked[0]?.score ?? 0, 6);
    const refined = await run({ refine: 30 });
    expect(refined.some((e) => e.type === 'picture' && e.mime === 'image/png' && e.title.includes('from heart'))).toBe(
      true,
    );
  });
});

describe('rerank with picks', () => {
  it('puts what fits the words and is liked before what only fits, and says both', async () => {
    const folder = await temporaryFolder();
    for (const colour of ['red', 'crimson', 'blue', 'navy', 'green'])
      await writeFile(join(folder, `${colour}.png`), await drawn('heart', colour));
    const root = folder.slice(0, folder.lastIndexOf('/'));
    const [liked, disliked] = [await temporaryFolder(), await temporaryFolder()];
    for (const [to, colours] of [
      [liked, ['blue', 'navy', 'royalblue']],
      [disliked, ['red', 'crimson', 'orange']],
    ] as const)
      for (const colour of colours) await writeFile(join(to, `${colour}.png`), await drawn('circle', colour));
    const taught = await eventsOf(
      registry.find('curate'),
      { pictures: [folder], liked: [liked], disliked: [disliked], questions: 0 },
      servicesOf(engine, root),
    );
    const picks = join(folder, 'picks.json');
    const learned = taught.find((e) => e.type === 'file' && e.name === 'picks.json');
    await writeFile(picks, learned?.type === 'file' ? learned.bytes : '');
    const run = (more: object) =>
      eventsOf(registry.find('rerank'), { prompt: 'a heart', pictures: [folder], ...more }, servicesOf(engine, root));
    const events = await run({ picks, taste: 3 });
    expect(names(events).slice(0, 2).sort()).toEqual(['blue', 'navy']);
    const [ranking] = events.flatMap((e) => (e.type === 'ranking' ? [e] : []));
    expect(ranking?.columns).toEqual(['a heart', 'taste']);
    await writeFile(picks, JSON.stringify({ ...JSON.parse(await readFile(picks, 'utf8')), model: 'another' }));
    await expect(run({ picks })).rejects.toMatchObject({ code: 'PREFERENCE_INVALID' });
  });
});

describe('style-match', () => {
  it('groups pictures by style', async () => {
    const folder = await temporaryFolder();
    for (const [i, shape] of (['circle', 'star', 'square'] as const).entries()) {
      await writeFile(join(folder, `dark-${i}.png`), await drawn(shape, 'lime', 'black'));
      await writeFile(join(folder, `pale-${i}.png`), await drawn(shape, 'pink'));
    }
    const events = await eventsOf(
      registry.find('style-match'),
      { references: [join(folder, 'dark-0.png')], pictures: [folder], clusters: 2 },
      servicesOf(engine, folder),
    );
    const table = events.find((e) => e.type === 'table');
    const groups =
      table?.type === 'table'
        ? table.rows.map(([group, picture]) => [group, basename(String(picture)).slice(0, 4)])
        : [];
    expect(groups).toHaveLength(6);
    // Two groups, and each manner in one of its own.
    expect(new Set(groups.map(([group]) => group)).size).toBe(2);
    expect(new Set(groups.map((g) => g.join())).size).toBe(2);
    const middles = events.find((e) => e.type === 'table' && e.title.includes('in its middle'));
    const shown = middles?.type === 'table' ? middles.rows.map((r) => [r[1], basename(String(r[2])).slice(0, 4)]) : [];
    expect(shown.map(([count]) => count)).toEqual([3, 3]);
    expect(new Set(shown.map(([, name]) => name))).toEqual(new Set(['dark', 'pale']));
  });
  it('puts pictures of the same manner before others of the same thing', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'look'));
    // Manner: dark ground with neon shapes against white ground with pale ones.
    await writeFile(join(folder, 'look', 'reference.png'), await drawn('circle', 'lime', 'black'));
    for (const [name, bytes] of Object.entries({
      'star-dark': await drawn('star', 'lime', 'black'),
      'circle-pale': await drawn('circle', 'pink'),
      'square-pale': await drawn('square', 'lightblue'),
    }))
      await writeFile(join(folder, `${name}.png`), bytes);
    const candidates = ['star-dark', 'circle-pale', 'square-pale'].map((n) => join(folder, `${n}.png`));
    const events = await eventsOf(
      registry.find('style-match'),
      { references: [join(folder, 'look')], pictures: candidates },
      servicesOf(engine, folder),
    );
    expect(names(events)[0]).toBe('star-dark');
  });
});
