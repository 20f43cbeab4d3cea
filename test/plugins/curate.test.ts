import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadRegistry, parsePreference } from '../../core/index.ts';
import { temporaryFolder } from '../support/pictures.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';
import { shapes } from '../support/shapes.ts';

const engine = useEngine();
const curate = (await loadRegistry()).find('curate');

describe('curate', () => {
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
  it('told of the same liked and disliked pictures again learns nothing twice', async () => {
    const [folder, liked, disliked] = [await temporaryFolder(), await temporaryFolder(), await temporaryFolder()];
    const names = await shapes(folder);
    for (const [to, name] of [
      [liked, names.find((n) => n.includes('circle-0'))],
      [disliked, names.find((n) => n.includes('square-2'))],
    ] as const)
      await sharp(name).toFile(join(to, '0.png'));
    const services = servicesOf(engine, folder.slice(0, folder.lastIndexOf('/')));
    const learn = async (more: object): Promise<{ answers: number; kept: Uint8Array }> => {
      const given = { pictures: [folder], liked: [liked], disliked: [disliked], questions: 0, ...more };
      const events = await eventsOf(curate, given, services);
      const files = new Map(events.flatMap((e) => (e.type === 'file' ? [[e.name, e.bytes] as const] : [])));
      const { answers } = parsePreference(new TextDecoder().decode(files.get('picks.json')), 'picks.json');
      return { answers, kept: files.get('answers.json') ?? new Uint8Array() };
    };
    const first = await learn({});
    const answers = join(folder, 'answers.json');
    await writeFile(answers, first.kept);
    const again = await learn({ answers });
    expect([first.answers, again.answers]).toEqual([1, 1]);
    expect(Buffer.compare(again.kept, first.kept)).toBe(0);
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
