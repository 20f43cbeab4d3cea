/** A threshold from allowed pictures, and the bound that comes with it. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadRegistry } from '../../core/index.ts';
import { seeded } from '../../core/random.ts';
import { bounded } from '../../plugins/moderate/allowed.ts';
import { PICTURES } from '../support/composites.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { HEARTS } from '../support/policies.ts';
import { eventsOf, servicesOf, tableOf, useEngine } from '../support/services.ts';

describe('a bound on false alarms', () => {
  it('is what is known of tolerance limits', () => {
    // 1 - .05^(1/n) for the highest of n; 59 are the fewest that bear 5 %.
    const scores = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
    expect(bounded(scores(20), 0.05)).toMatchObject({ threshold: 19, bound: expect.closeTo(1 - 0.05 ** (1 / 20), 6) });
    expect(bounded(scores(58), 0.05).bound).toBeGreaterThan(0.05);
    expect(bounded(scores(59), 0.05)).toMatchObject({ threshold: 58, bound: expect.closeTo(0.0495, 3) });
    // 93 are the fewest that bear it with one above.
    expect(bounded(scores(92), 0.05).threshold).toBe(91);
    expect(bounded(scores(93), 0.05).threshold).toBe(91);
  });
  it('holds in 19 of 20 choices, whatever the scores are like', () => {
    const random = seeded(11);
    for (const shape of [(u: number) => u, (u: number) => u ** 8, (u: number) => Math.round(20 * u)]) {
      let broken = 0;
      for (let round = 0; round < 400; round++) {
        const { threshold, bound } = bounded(
          Array.from({ length: 200 }, () => shape(random())),
          0.05,
        );
        // The share of all that is above, by what `shape` does to uniform numbers.
        const above = Array.from({ length: 2000 }, (_, i) => shape((i + 0.5) / 2000)).filter((v) => v > threshold);
        if (above.length / 2000 > bound) broken += 1;
      }
      expect(broken / 400).toBeLessThan(0.075);
    }
  });
});

describe('moderate', () => {
  const engine = useEngine();
  it('takes its certainty from pictures that are allowed, and says the bound', async () => {
    const moderate = (await loadRegistry()).find('moderate');
    const folder = await temporaryFolder();
    const [allowed, looked] = [join(folder, 'allowed'), join(folder, 'looked')];
    await mkdir(allowed);
    await mkdir(looked);
    for (const name of ['lion', 'castle', 'car', 'frog', 'bucket', 'egg', 'pear', 'snake'])
      await copyFile(join(PICTURES, `${name}.webp`), join(allowed, `${name}.webp`));
    await copyFile(join(PICTURES, 'mountain.webp'), join(looked, 'mountain.webp'));
    const wide = sharp({ create: { width: 240, height: 160, channels: 3, background: '#fff' } });
    await wide
      .composite([{ input: await drawn('heart', 'red'), left: 0, top: 32 }])
      .png()
      .toFile(join(looked, 'heart.png'));
    await writeFile(join(folder, 'policy.json'), JSON.stringify(HEARTS));
    const events = await eventsOf(
      moderate,
      { pictures: [looked], policy: join(folder, 'policy.json'), allowed: [allowed] },
      servicesOf(engine, folder),
    );
    const [said = ''] = events.flatMap((e) => (e.type === 'note' ? [e.text] : []));
    expect(said).toContain('By 8 allowed pictures');
    // 1 - .05^(1/8)
    expect(said).toContain('at most 31.2 %');
    expect(said).toContain('more than the 5.0 % asked for');
    const { rows } = tableOf(events, /Decisions/);
    expect(rows.map((r) => [String(r[0]).split('/').at(-1), r[1]])).toEqual([
      ['heart.png', 'block'],
      ['mountain.webp', 'pass'],
    ]);
    expect(rows[0]?.[7]).toMatch(/left/);
  });
});
