/** What is usual: percentiles that mean the same whatever the wording, and however often one looks. */
import { describe, expect, it } from 'vitest';
import { type Embeddings, Usual } from '../../../core/index.ts';
import { seeded } from '../../../core/random.ts';
import { useEngine } from '../../support/services.ts';

const rowsOf = (...rows: readonly (readonly number[])[]): Embeddings => ({
  count: rows.length,
  dimension: rows[0]?.length ?? 0,
  data: Float32Array.from(rows.flat()),
});

describe('what is usual', () => {
  // The middle picture gives the words 0.1, 0.3 and 0.2; a picture of one direction gives them their first number.
  const pictures = rowsOf([0, 1, 0], [0, 0.5, 0], [0, 0.9, 0]);
  const words = rowsOf([0.2, 0.1, 0], [0.5, 0.3, 0], [0.9, 0.2, 0]);
  const usual = new Usual(words, pictures);

  it('is counted from the level that each text has with everyday pictures', () => {
    expect(usual.levelsOf(words).map((v) => Math.round(1000 * v))).toEqual([90, 270, 180]);
    // More than usual by .11, .23 and .72: a target of .4 that has a level of .2 stands above the first alone.
    const standing = usual.with(rowsOf([0.4, 0.2 / 0.9, 0]));
    expect(standing(Float32Array.of(1, 0, 0))[0]).toBeCloseTo(100 / 3, 4);
  });
  it('of many looks is the best that everyday words get in as many', () => {
    const looks = rowsOf([1, 0, 0], [0.5, 0, 0], [0.1, 0, 0]);
    const target = rowsOf([0.5, 0, 0]);
    const [first = [], second = []] = usual.withBestOf(target, looks);
    // The best of each: .11, .23, .72. The first look gives .5, the second .25.
    expect([first[0], second[0]].map((v) => Math.round(v ?? 0))).toEqual([67, 67]);
    const one = usual.withBestOf(target, rowsOf([0.5, 0, 0]));
    expect(Math.round(one[0]?.[0] ?? 0)).toBe(67);
  });
  it('knows nothing for a model without words', () => {
    expect([Usual.NONE.knows, usual.knows]).toEqual([false, true]);
  });
  it('finds no more in many looks at nothing than in one', () => {
    const random = seeded(3);
    const gaussians = (count: number): Embeddings =>
      rowsOf(
        ...Array.from({ length: count }, () =>
          Array.from({ length: 16 }, () => (random() + random() + random() - 1.5) / 2),
        ),
      );
    const plain = new Usual(gaussians(400), gaussians(40));
    const share = (looks: number): number => {
      const targets = gaussians(300);
      const found = plain.withBestOf(targets, gaussians(looks));
      const best = Array.from({ length: 300 }, (_, k) => Math.max(...found.map((look) => look[k] ?? 0)));
      return best.filter((p) => p >= 95).length / best.length;
    };
    for (const looks of [1, 10, 100]) expect(share(looks)).toBeLessThan(0.12);
  });
});

describe('percentiles', () => {
  const engine = useEngine();
  it('of words that a picture does not hold are the same whatever sentence they stand in', async () => {
    const things = ['lorry', 'teapot', 'penguin', 'guitar', 'pyramid', 'spoon', 'anchor', 'igloo', 'cactus', 'zebra'];
    const heart = await engine.embedAll([{ path: 'examples/twelve/heart.png' }]);
    const usual = await engine.usual();
    const labels = await engine.usual({ templates: ['a photo of {}', 'a drawing of {}'] });
    const mean = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0) / all.length;
    const bare = mean(usual.with(await engine.embedTexts(things))(heart.data));
    const sentences = mean(usual.with(await engine.embedTexts(things.map((t) => `a ${t} on a table`)))(heart.data));
    const templated = mean(
      labels.with(await engine.embedLabels(things, ['a photo of {}', 'a drawing of {}']))(heart.data),
    );
    for (const found of [bare, sentences, templated]) {
      expect(found).toBeGreaterThan(20);
      expect(found).toBeLessThan(70);
    }
  });
});
