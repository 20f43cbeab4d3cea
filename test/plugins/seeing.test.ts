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
  it('is checked by taking away and putting back, by either method, and says which words count', async () => {
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
        const shares = tableOf(events, /words/).rows.map((r) => Number(r[3]));
        expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
      }
      expect(insertion, `beside deletion, ${method}`).toBeGreaterThan(deletion);
    }
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
