import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadRegistry } from '../../core/index.ts';
import { areaOf, composites } from '../support/composites.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { eventsOf, servicesOf, type Table, tableOf, useEngine } from '../support/services.ts';

const engine = useEngine();
const registry = await loadRegistry();
describe('detect', () => {
  it('finds things in composites of two and of four, far more often than a box at random', async () => {
    const folder = await temporaryFolder();
    for (const count of [2, 4] as const) {
      let [hits, chance, things] = [0, 0, 0];
      for (const { path, things: placed } of await composites(count, 6, folder)) {
        const phrases = placed.map((p) => p.concept);
        const parameters = { pictures: [path], phrases, threshold: 0, most: 1 };
        const { rows } = tableOf(
          await eventsOf(registry.find('detect'), parameters, servicesOf(engine, folder)),
          /found/,
        );
        for (const { concept, box } of placed) {
          const [, , , left = 0, top = 0, right = 0, bottom = 0] = rows.find((r) => r[1] === concept) ?? [];
          const [x, y] = [(Number(left) + Number(right)) / 2, (Number(top) + Number(bottom)) / 2];
          if (x > box.left && x < box.right && y > box.top && y < box.bottom) hits += 1;
          chance += areaOf(box);
          things += 1;
        }
      }
      expect(hits / things, `${count} things`).toBeGreaterThan((2 * chance) / things);
    }
  });
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

/** How bright the heat is inside a box, as a share of all of it, read off the overlay's colours. */
async function massInside(
  png: Uint8Array,
  box: { left: number; top: number; right: number; bottom: number },
): Promise<number> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  let [inside, all] = [0, 0];
  for (let y = 0; y < info.height; y++)
    for (let x = 0; x < info.width; x++) {
      const at = 3 * (y * info.width + x);
      // Grey is what heat leaves alone; colour is heat.
      const colour = Math.max(0, (data[at] ?? 0) - (data[at + 2] ?? 0));
      all += colour;
      const [u, v] = [x / info.width, y / info.height];
      if (u > box.left && u < box.right && v > box.top && v < box.bottom) inside += colour;
    }
  return inside / (all || 1);
}

describe('explain', () => {
  it('puts its heat on the thing that is asked for', async () => {
    const folder = await temporaryFolder();
    for (const count of [2, 4] as const) {
      let [mass, area] = [0, 0];
      for (const { path, things } of await composites(count, 4, folder))
        for (const { concept, box } of things) {
          const parameters = { prompt: concept, pictures: [path], check: false };
          const events = await eventsOf(registry.find('explain'), parameters, servicesOf(engine, folder));
          const png = events.flatMap((e) => (e.type === 'picture' ? [e.bytes] : []))[0] ?? new Uint8Array();
          mass += await massInside(png, box);
          area += areaOf(box);
        }
      expect(mass, `${count} things`).toBeGreaterThan(2 * area);
    }
  });
  it('is checked by taking away and putting back, by either method, and says which words count', async () => {
    const folder = await temporaryFolder();
    const [{ path, things } = { path: '', things: [] }] = await composites(2, 1, folder);
    for (const method of ['gradient', 'occlusion']) {
      const parameters = { prompt: things[0]?.concept ?? '', pictures: [path], method, cells: 8 };
      const events = await eventsOf(registry.find('explain'), parameters, servicesOf(engine, folder));
      const [row = []] = tableOf(events, /made of/).rows;
      expect(Number(row[6]), `insertion beside deletion, ${method}`).toBeGreaterThan(Number(row[5]));
      const shares = tableOf(events, /words/).rows.map((r) => Number(r[3]));
      expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
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
