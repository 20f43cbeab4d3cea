import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadRegistry, type PluginEvent, parsePreference, runPlugin } from '../../core/index.ts';
import { seeded } from '../../core/random.ts';
import { temporaryFolder } from '../support/pictures.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';

const engine = useEngine();
const curate = (await loadRegistry()).find('curate');

const SHAPES = {
  circle: '<circle cx="48" cy="48" r="SIZE"/>',
  square: '<rect x="14" y="14" width="68" height="68"/>',
  star: '<path d="M48 8 58 38 90 38 64 56 74 88 48 68 22 88 32 56 6 38 38 38z"/>',
  triangle: '<path d="M48 12 88 84H8z"/>',
  ring: '<circle cx="48" cy="48" r="30" fill="none" stroke-width="12" stroke="COLOUR"/>',
};
const COLOURS = ['#d22', '#e33a2a', '#2358c8', '#2a9a4a', '#e8c020', '#7a3fb0', '#222', '#e88020'];

/** Pictures of plain shapes; the name says what each shows. */
async function shapes(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const [shape, svg] of Object.entries(SHAPES))
    for (const [i, colour] of COLOURS.entries())
      for (const ground of ['#fff', '#dde6ee']) {
        const drawing = svg.replace('SIZE', String(26 + 3 * (i % 4))).replace('COLOUR', colour);
        const page = `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96"><rect width="96" height="96" fill="${ground}"/><g fill="${colour}">${drawing}</g></svg>`;
        const name = join(folder, `${shape}-${i}-${ground.slice(1)}.png`);
        await writeFile(name, await sharp(Buffer.from(page)).png().toBuffer());
        names.push(name);
      }
  return names;
}
/** The hidden taste: round and red. */
const liking = (name: string): number =>
  Number(/circle|ring/.test(name)) + Number(/-[01]-/.test(name)) + 0.001 * name.length;

describe('curate', () => {
  it('agrees with a hidden taste for what is round and red after forty answers', async () => {
    const folder = await temporaryFolder();
    const names = await shapes(folder);
    const run = runPlugin(curate, { pictures: [folder], questions: 40, seed: 3 }, servicesOf(engine, folder));
    const events: PluginEvent[] = [];
    let asked = 0;
    for await (const event of run.events) {
      events.push(event);
      if (event.type !== 'question') continue;
      asked += 1;
      const [a = '', b = ''] = event.pictures;
      const apart = liking(a) - liking(b);
      const choice = event.choices[Math.abs(apart) < 0.5 ? 2 : apart > 0 ? 0 : 1] ?? '';
      await run.steer({ answer: { question: event.id, choice } });
    }
    expect(asked).toBe(40);
    const ranking = events.flatMap((e) => (e.type === 'ranking' ? [e] : []))[0];
    const place = new Map(ranking?.items.map((item, i) => [item.picture, i]));
    const random = seeded(9);
    const any = (): string => names[Math.floor(random() * names.length)] ?? '';
    const pairs = Array.from({ length: 2000 }, () => [any(), any()] as const).filter(
      ([a, b]) => Math.abs(liking(a) - liking(b)) > 0.5,
    );
    const right = pairs.filter(([a, b]) => liking(a) > liking(b) === (place.get(a) ?? 0) < (place.get(b) ?? 0));
    expect(right.length / pairs.length).toBeGreaterThan(0.8);
    const files = new Map(events.flatMap((e) => (e.type === 'file' ? [[e.name, e.bytes] as const] : [])));
    const picks = parsePreference(new TextDecoder().decode(files.get('picks.json')), 'picks.json');
    expect(picks.answers).toBeGreaterThan(5);
    // What was kept can be gone on from, and gives the same ranking without another question.
    const kept = join(folder, 'answers.json');
    await writeFile(kept, files.get('answers.json') ?? '');
    const again = await eventsOf(
      curate,
      { pictures: [folder], questions: 0, answers: kept },
      servicesOf(engine, folder),
    );
    expect(again.find((e) => e.type === 'ranking')).toEqual(ranking);
    // And guidance is drawn to it: drawings come out redder than without, over more than one seed.
    const path = join(folder, 'picks.json');
    await writeFile(path, files.get('picks.json') ?? '');
    const guide = (await loadRegistry()).find('guide');
    const redness = async (pulls: string, seed: number): Promise<number> => {
      const drawn = await eventsOf(
        guide,
        { prompt: 'a shape', steps: 80, size: 96, crops: 3, drawer: 'pixels', pulls, seed },
        servicesOf(engine, folder),
      );
      const png = drawn.flatMap((e) => (e.type === 'picture' ? [e.bytes] : []))[0];
      const [r, g, b] = (await sharp(png).stats()).channels;
      return (r?.mean ?? 0) - ((g?.mean ?? 0) + (b?.mean ?? 0)) / 2;
    };
    let redder = 0;
    for (const seed of [1, 2, 3]) redder += ((await redness(`picks[${path}]:3`, seed)) - (await redness('', seed))) / 3;
    expect(redder).toBeGreaterThan(5);
  });
  it('learns from liked and disliked pictures without a question', async () => {
    const [folder, liked, disliked] = [await temporaryFolder(), await temporaryFolder(), await temporaryFolder()];
    const names = await shapes(folder);
    for (const [to, chosen] of [
      [liked, names.filter((n) => /circle-0|ring-0/.test(n))],
      [disliked, names.filter((n) => /square-[23]|star-[45]/.test(n))],
    ] as const)
      for (const [i, name] of chosen.entries()) await sharp(name).toFile(join(to, `${i}.png`));
    const services = servicesOf(engine, folder.slice(0, folder.lastIndexOf('/')));
    const events = await eventsOf(
      curate,
      { pictures: [folder], liked: [liked], disliked: [disliked], questions: 0 },
      services,
    );
    const ranking = events.flatMap((e) => (e.type === 'ranking' ? [e] : []))[0];
    const best = ranking?.items.slice(0, 10).map((i) => i.picture.split('/').at(-1) ?? '') ?? [];
    expect(best.filter((n) => /circle|ring/.test(n)).length).toBeGreaterThan(6);
  });
  it.each([
    ['{', 'not JSON'],
    ['{"format":"other"}', 'no list of answers'],
  ])('refuses answers that are none: %s', async (text, what) => {
    const folder = await temporaryFolder();
    await shapes(folder);
    const answers = join(folder, 'answers.json');
    await writeFile(answers, text);
    await expect(
      eventsOf(curate, { pictures: [folder], questions: 0, answers }, servicesOf(engine, folder)),
    ).rejects.toMatchObject({ code: 'PREFERENCE_INVALID', message: expect.stringContaining(what) });
  });
});
