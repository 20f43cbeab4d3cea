/** A taste that is learned from answers, and what is drawn to it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadRegistry, type PluginEvent, parsePreference, runPlugin } from '../../core/index.ts';
import { seeded } from '../../core/random.ts';
import { temporaryFolder } from '../support/pictures.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';
import { shapes } from '../support/shapes.ts';

const engine = useEngine();
const curate = (await loadRegistry()).find('curate');

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
    // And guidance is drawn to it: the eye that learned it likes the drawings better, and they come out redder.
    const path = join(folder, 'picks.json');
    await writeFile(path, files.get('picks.json') ?? '');
    const guide = (await loadRegistry()).find('guide');
    const drawn = async (pulls: string, seed: number): Promise<{ liked: number; red: number }> => {
      const drawing = await eventsOf(
        guide,
        { prompt: 'a shape', steps: 80, size: 96, crops: 3, pulls, seed, tries: 1 },
        servicesOf(engine, folder),
      );
      const bytes = drawing.flatMap((e) => (e.type === 'picture' && e.mime === 'image/png' ? [e.bytes] : []))[0];
      if (!bytes) throw new Error('nothing was drawn');
      const { data } = await engine.embedAll([{ bytes, name: 'the drawing' }]);
      const [r, g, b] = (await sharp(bytes).stats()).channels;
      return {
        liked: data.reduce((sum, v, i) => sum + v * (picks.weights[i] ?? 0), 0),
        red: (r?.mean ?? 0) - ((g?.mean ?? 0) + (b?.mean ?? 0)) / 2,
      };
    };
    for (const seed of [1, 2]) {
      const [without, some, much] = [
        await drawn('', seed),
        await drawn(`picks[${path}]:10`, seed),
        await drawn(`picks[${path}]:30`, seed),
      ];
      // In logits, of which a taste that was learned with some doubt gives few.
      expect(some.liked).toBeGreaterThan(without.liked + 0.5);
      expect(much.red).toBeGreaterThan(without.red + 10);
    }
  });
});
