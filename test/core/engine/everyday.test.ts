/** Pictures of everyday things beside the captions of them: what pictures that are asked with stand among. */
import { describe, expect, it } from 'vitest';
import { decodePicture } from '../../../core/clip/picture.ts';
import { stockPictures } from '../../../core/clip/stock-pictures.ts';
import { dot, jointStanding, row, stacked, standingOf, strokes } from '../../../core/index.ts';
import { guidingWith, request } from '../../support/guiding.ts';
import { drawn } from '../../support/pictures.ts';
import { useEngine } from '../../support/services.ts';
import { strangeModel } from '../../support/with-models.ts';

const engine = useEngine();

describe('stock pictures', () => {
  it('are two hundred of different things, each whole', async () => {
    const pictures = stockPictures();
    expect(new Set(pictures.map((p) => p.name)).size).toBe(200);
    for (const { bytes, name } of pictures) {
      const { width, height } = await decodePicture(bytes, name);
      expect([width, height], name).toEqual([96, 96]);
    }
  });
  it('are unit rows of the model, worked out once', async () => {
    const rows = await engine.everyday();
    expect(rows).toMatchObject({ count: 200, dimension: (await engine.captions()).dimension });
    for (let i = 0; i < rows.count; i++) expect(dot(row(rows, i), row(rows, i))).toBeCloseTo(1, 4);
    expect(await engine.everyday()).toBe(rows);
  });
});

describe('how well a picture fits', () => {
  it('is told among captions for words, among pictures for pictures, and by weight for both', async () => {
    const pictures = [
      { bytes: await drawn('heart', 'red'), name: 'red' },
      { bytes: await drawn('star', 'blue'), name: 'blue' },
    ];
    const rows = await engine.embedAll(pictures);
    const [heart, star] = [row(rows, 0), row(rows, 1)];
    const words = await engine.embedTexts(['a red heart']);
    const targets = stacked([words, { count: 1, dimension: words.dimension, data: star }]);
    const asked = { targets, pictured: [false, true] };
    const standing = await standingOf(asked, { engine, signal: new AbortController().signal });
    const [fits = 0] = (await engine.usual()).with(targets)(heart);
    const [, alike = 0] = (await engine.usualPictures()).with(targets)(heart);
    expect(standing(heart)).toEqual([fits, alike]);
    expect(jointStanding(standing, [3, -1])(heart)).toBeCloseTo((3 * fits + (100 - alike)) / 4, 6);
    expect(fits).toBeGreaterThan(95);
  });
});

describe('a run that is guided by a picture', () => {
  it.each([
    ['one eye', useEngine({ model: strangeModel() })],
    ['two eyes', engine],
  ] as const)('of %s says how it stands among pictures', async (_, by) => {
    const picture = { bytes: new Uint8Array(await drawn('heart', 'red')), name: 'heart' };
    const prompts = [{ targets: [[{ picture }]], weight: 1 }];
    const events = await guidingWith(by).run(request(strokes as never, 'a', { steps: 8, frameEvery: 8 }, { prompts }));
    const [first] = events.flatMap((e) => (e.type === 'step' ? [e] : []));
    // What is drawn first is no heart, and yet closer to one than any words are.
    expect(first?.percentiles[0]).toBeGreaterThan(0);
    expect(first?.percentiles[0]).toBeLessThan(100);
  });
});
