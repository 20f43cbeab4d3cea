/** Maps of pictures, and what CLIP makes of pictures and words. */
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadRegistry, type PluginEvent } from '../../core/index.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { eventsOf, servicesOf, tableOf, useEngine } from '../support/services.ts';

const engine = useEngine();
const registry = await loadRegistry();
const COLOURS = ['red', 'blue', 'gold', 'green', 'purple', 'black'];
type Of<T extends PluginEvent['type']> = Extract<PluginEvent, { type: T }>;
const only = <T extends PluginEvent['type']>(events: readonly PluginEvent[], type: T): Of<T> => {
  const found = events.find((e): e is Of<T> => e.type === type);
  if (!found) throw new Error(`there is no ${type}`);
  return found;
};

/** Hearts and squares, in all colours. */
async function shapes(): Promise<string> {
  const folder = await temporaryFolder();
  for (const shape of ['heart', 'square'] as const)
    for (const colour of COLOURS) await writeFile(join(folder, `${shape}-${colour}.png`), await drawn(shape, colour));
  return folder;
}

describe('an atlas', () => {
  const mapOf = async (folder: string, more: object = {}): Promise<Of<'map'>> =>
    only(
      await eventsOf(
        registry.find('atlas'),
        { pictures: [folder], neighbours: 5, ...more },
        servicesOf(engine, folder),
      ),
      'map',
    );

  it('lays what means the same side by side, and the same from the same seed', async () => {
    const folder = await shapes();
    const map = await mapOf(folder);
    expect(map.points).toHaveLength(2 * COLOURS.length);
    const shapeOf = (picture: string): string => basename(picture).split('-')[0] ?? '';
    const alike = map.points.filter((point) => {
      const [nearest] = map.points
        .filter((other) => other !== point)
        .sort((a, b) => Math.hypot(a.x - point.x, a.y - point.y) - Math.hypot(b.x - point.x, b.y - point.y));
      return shapeOf(nearest?.picture ?? '') === shapeOf(point.picture);
    });
    expect(alike.length).toBeGreaterThanOrEqual(10);
    expect(await mapOf(folder)).toEqual(map);
    expect((await mapOf(folder, { seed: 2 })).points).not.toEqual(map.points);
  });
  it("puts a person's words where the pictures are that fit them", async () => {
    const folder = await shapes();
    const { points, signposts } = await mapOf(folder, { words: ['a heart', 'a square'] });
    const middle = (shape: string): { x: number; y: number } => {
      const own = points.filter((p) => basename(p.picture).startsWith(shape));
      const mean = (of: (p: (typeof own)[number]) => number): number => own.reduce((s, p) => s + of(p), 0) / own.length;
      return { x: mean((p) => p.x), y: mean((p) => p.y) };
    };
    const [hearts, squares] = [middle('heart'), middle('square')];
    const heart = signposts.find(({ text }) => text === 'a heart') ?? { x: 9, y: 9 };
    const far = (a: { x: number; y: number }): number => Math.hypot(a.x - heart.x, a.y - heart.y);
    expect(signposts.map(({ text }) => text)).toEqual(['a heart', 'a square']);
    expect(far(hearts)).toBeLessThan(far(squares));
  });
  it.each([1, 4, 5])('is made of %d pictures', async (count) => {
    const folder = await temporaryFolder();
    for (const colour of COLOURS.slice(0, count))
      await writeFile(join(folder, `${colour}.png`), await drawn('star', colour));
    const { points } = await mapOf(folder);
    expect(points).toHaveLength(count);
    for (const { x, y } of points) expect(x >= 0 && x <= 1 && y >= 0 && y <= 1).toBe(true);
  });
  it('says which pictures it could not read', async () => {
    const folder = await shapes();
    await writeFile(join(folder, 'broken.png'), 'no picture');
    const events = await eventsOf(registry.find('atlas'), { pictures: [folder] }, servicesOf(engine, folder));
    expect(only(events, 'map').points).toHaveLength(2 * COLOURS.length);
    expect(only(events, 'note').text).toContain('broken.png');
  });
});

describe('the lesson', () => {
  it('shows how close each picture is to the words, what each word pulls, and where it answers', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'heart.png'), await drawn('heart', 'red'));
    await writeFile(join(folder, 'star.png'), await drawn('star', 'gold'));
    const words = ['a red heart', 'a yellow star'];
    const events = await eventsOf(registry.find('lesson'), { pictures: [folder], words }, servicesOf(engine, folder));
    const { columns, rows } = only(events, 'matrix');
    expect(columns).toEqual(words);
    const [heart, star] = ['heart.png', 'star.png'].map((name) => rows.find((r) => basename(r.picture) === name));
    expect(heart?.values[0]).toBeGreaterThan(heart?.values[1] ?? 1);
    expect(star?.values[1]).toBeGreaterThan(star?.values[0] ?? 1);
    const pulls = tableOf(events, /pulls/).rows;
    expect(pulls.map((r) => r[2])).toEqual(['a', 'red', 'heart', 'a', 'yellow', 'star']);
    const pull = new Map(pulls.slice(0, 3).map((r) => [r[2], Number(r[3])]));
    expect(pull.get('heart')).toBeGreaterThan(pull.get('a') ?? 1);
    expect(events.filter((e) => e.type === 'picture' && e.report)).toHaveLength(2);
  });
});
