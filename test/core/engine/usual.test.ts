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
  // Everyday pictures differ along the third number alone, and give words their second number whatever that is.
  const pictures = rowsOf([0, 1, -0.6], [0, 1, 0], [0, 1, 0.6]);
  const words = rowsOf([0.2, 0.1, 0], [0.5, 0.3, 0], [0.9, 0.2, 0]);
  const usual = new Usual(words, pictures);

  it('is counted from the level that each text has with everyday pictures', () => {
    const rounded = (values: readonly number[]): number[] => values.map((v) => Math.round(1000 * v));
    expect(rounded(usual.excess(words)(Float32Array.of(1, 1, 0)))).toEqual([200, 500, 900]);
    // More than usual by .1, .2 and .7: a target of .4 that has a level of .25 stands above the first alone.
    const standing = usual.with(rowsOf([0.4, 0.25, 0]));
    expect(standing(Float32Array.of(1, 0, 0))[0]).toBeCloseTo(100 / 3, 4);
  });
  it('is counted by the kind of picture: words that go with every photograph stand no higher on one than on a drawing', () => {
    const photographic = usual.excess(rowsOf([0.4, 0.2, 0.5]));
    for (const kind of [-0.6, 0.3, 0.6]) expect(photographic(Float32Array.of(0.5, 1, kind))[0]).toBeCloseTo(0.2, 5);
  });
  it('leaves the same picture out of what is usual for it', () => {
    const [one = [], two = [], three = []] = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
    const alone = new Usual(words, rowsOf(one, two, three));
    // With the others it has nothing in common: to have nothing in common is usual.
    expect(alone.excess(rowsOf(one))(Float32Array.of(0, 0.6, 0.8))[0]).toBeCloseTo(0, 5);
  });
  it('is one level where all everyday pictures are of a kind', () => {
    const alike = new Usual(words, rowsOf([0, 0.5, 0], [0, 0.5, 0]));
    expect(alike.excess(rowsOf([0.4, 0.2, 0.7]))(Float32Array.of(1, 0, 0))[0]).toBeCloseTo(0.3, 5);
  });
  it('of many looks is the best that everyday words get in as many', () => {
    const looks = rowsOf([1, 0, 0], [0.5, 0, 0], [0.1, 0, 0]);
    const target = rowsOf([0.5, 0, 0]);
    const [first = [], second = []] = usual.withBestOf(target, looks);
    // The best of each: .1, .2, .7. The first look gives .5, the second .25.
    expect([first[0], second[0]].map((v) => Math.round(v ?? 0))).toEqual([67, 67]);
    const one = usual.withBestOf(target, rowsOf([0.6, 0, 0]));
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
