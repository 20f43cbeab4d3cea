import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadRegistry } from '../../core/index.ts';
import { composites } from '../support/composites.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { eventsOf, servicesOf, type Table, tableOf, useEngine } from '../support/services.ts';

const engine = useEngine();
const registry = await loadRegistry();
describe('detect', () => {
  it('says that what is not there is not there, and shows boxes and heat', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'heart.png');
    await writeFile(path, await drawn('heart', 'red'));
    const parameters = { pictures: [path], phrases: ['a red heart', 'a bicycle'], heat: true };
    const events = await eventsOf(registry.find('detect'), parameters, servicesOf(engine, folder));
    const said = new Map(tableOf(events, /found/).rows.map((r) => [r[1], r[2]]));
    expect([said.get('a red heart'), said.get('a bicycle')]).toEqual(['here', 'not here']);
    expect(events.filter((e) => e.type === 'picture')).toHaveLength(3);
    expect(events.some((e) => e.type === 'file' && e.name === 'boxes.csv')).toBe(true);
  });
});

describe('explain', () => {
  it('is checked by taking away and putting back, by either method', async () => {
    const folder = await temporaryFolder();
    const made = await composites(2, 2, folder);
    for (const method of ['gradient', 'occlusion']) {
      let [deletion, insertion] = [0, 0];
      for (const { path, things } of made) {
        const parameters = { prompt: things[0]?.concept ?? '', pictures: [path], method, cells: 8 };
        const events = await eventsOf(registry.find('explain'), parameters, servicesOf(engine, folder));
        const [row = []] = tableOf(events, /made of/).rows;
        deletion += Number(row[5]);
        insertion += Number(row[6]);
      }
      expect(insertion, `beside deletion, ${method}`).toBeGreaterThan(deletion);
    }
  });
});

describe('explain, beside everyday words', () => {
  it('shows where each part of the prompt stands among them', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'heart.png');
    await writeFile(path, await drawn('heart', 'red'));
    const parameters = { prompt: 'a red heart | a bicycle', pictures: [path], check: false };
    const events = await eventsOf(registry.find('explain'), parameters, servicesOf(engine, folder));
    const [plot = ''] = events.flatMap((e) =>
      e.type === 'file' && e.name === 'standing-1.svg' ? [Buffer.from(e.bytes).toString()] : [],
    );
    const lines = [...plot.matchAll(/<line x1="([\d.]+)" x2="\1"[^>]*stroke-width="2.4"/g)].map((found) =>
      Number(found[1]),
    );
    expect(lines).toHaveLength(2);
    expect(lines[0]).toBeGreaterThan(Number(lines[1]) + 50);
    expect(plot).toContain('a red heart: more than 99 of 100');
    const of = /a bicycle: more than (\d+) of 100/.exec(plot)?.[1];
    expect(Number(of)).toBe(tableOf(events, /made of/).rows[1]?.[4]);
  });
});

describe('explain, word by word', () => {
  const valuesOf = async (prompt: string): Promise<{ values: Map<string, number>; sum: number; whole: number }> => {
    const folder = await temporaryFolder();
    const path = join(folder, 'heart.png');
    await writeFile(path, await drawn('heart', 'red'));
    const services = servicesOf(engine, folder);
    const events = await eventsOf(registry.find('explain'), { prompt, pictures: [path], check: false }, services);
    const { rows } = tableOf(events, /each word/);
    const whole = Number(tableOf(events, /made of/).rows[0]?.[3]);
    const sum = rows.reduce((total, r) => total + Number(r[3]), 0);
    return { values: new Map(rows.map((r) => [String(r[2]), Number(r[3])])), sum, whole };
  };
  it.each([
    ['few words, all their subsets', 'a red heart'],
    ['many words, by chance', 'a small drawing of a red heart upon plain white paper'],
  ])('gives values that add up to what the prompt has more than no words: %s', async (_, prompt) => {
    const [said, nothing] = await Promise.all([valuesOf(prompt), valuesOf('a')]);
    // "a" alone has its one word's value: what is left is what no words have.
    expect(said.sum).toBeCloseTo(said.whole - (nothing.whole - nothing.sum), 4);
  });
  it('says which words add and which take away', async () => {
    const { values } = await valuesOf('a red heart and submarine');
    expect(values.get('heart')).toBeGreaterThan(0.05);
    expect(values.get('submarine')).toBeLessThan(0);
  });
});

describe('classify', () => {
  it('names what pictures show, says none of these, and learns thresholds from examples', async () => {
    const folder = await temporaryFolder();
    const save = async (name: string, bytes: Buffer): Promise<void> => {
      await sharp(bytes).toFile(join(folder, name));
    };
    await save('one.png', await drawn('heart', 'red'));
    await save('two.png', await drawn('star', 'gold'));
    const labels = ['heart', 'star'];
    const events = await eventsOf(
      registry.find('classify'),
      { pictures: [folder], labels },
      servicesOf(engine, folder),
    );
    const said = (rows: Table['rows']): (string | number)[] => rows.flatMap((r) => (r[1] === '' ? [] : [r[1] ?? '']));
    expect(said(tableOf(events, /shows/).rows)).toEqual(['heart', 'star']);
    const none = await eventsOf(
      registry.find('classify'),
      { pictures: [join(folder, 'one.png')], labels: ['submarine', 'violin'], threshold: 99 },
      servicesOf(engine, folder),
    );
    expect(said(tableOf(none, /shows/).rows)).toEqual(['none of these']);
    const examples = await temporaryFolder();
    const { mkdir } = await import('node:fs/promises');
    for (const [label, shape, colour] of [
      ['heart', 'heart', 'crimson'],
      ['star', 'star', 'orange'],
    ] as const) {
      await mkdir(join(examples, label));
      await sharp(await drawn(shape, colour)).toFile(join(examples, label, 'a.png'));
    }
    const services = servicesOf(engine, folder.slice(0, folder.lastIndexOf('/')));
    const learned = await eventsOf(
      registry.find('classify'),
      { pictures: [folder], labels, examples: [examples], many: true },
      services,
    );
    expect(tableOf(learned, /Thresholds/).rows.map((r) => r[0])).toEqual(labels);
    expect(said(tableOf(learned, /shows/).rows)).toEqual(['heart', 'star']);
    await expect(
      eventsOf(registry.find('classify'), { pictures: [folder], labels: ['moon'], examples: [examples] }, services),
    ).rejects.toMatchObject({ code: 'PARAMETER_INVALID', message: expect.stringContaining('moon') });
  });
});
