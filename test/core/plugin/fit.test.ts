/** Whether words fit a picture, said only as far as it is known. */
import { describe, expect, it } from 'vitest';
import { Usual } from '../../../core/index.ts';
import { fitOf } from '../../../core/plugin/fit.ts';
import { drawn } from '../../support/pictures.ts';
import { useEngine } from '../../support/services.ts';

const engine = useEngine();
const { signal } = new AbortController();

describe('a fit', () => {
  it('is called one where words fit as few everyday words do, and says why', async () => {
    const picture = { bytes: new Uint8Array(await drawn('heart', 'red')), name: 'a heart' };
    const [heart, bicycle] = await Promise.all(
      ['a red heart', 'a bicycle'].map((words) => fitOf(engine, picture, words, signal)),
    );
    expect(heart).toMatchObject({
      fits: true,
      why: expect.stringMatching(/^It fits better than 9\d % of everyday words\.$/),
    });
    expect(bicycle?.fits).toBe(false);
    expect(bicycle?.why).toMatch(/from 95 % on it may be called a fit/);
    expect(heart?.percentile).toBeGreaterThan(bicycle?.percentile ?? 100);
    const [[cosine = 0] = []] = await engine.similarity([picture], ['a red heart']);
    expect(heart?.cosine).toBeCloseTo(cosine, 6);
  });
  it('is none where a model does not say how words usually fit', async () => {
    const picture = { bytes: new Uint8Array(await drawn('heart', 'red')), name: 'a heart' };
    const silent = {
      embedAll: engine.embedAll.bind(engine),
      embedTexts: engine.embedTexts.bind(engine),
      usual: async () => Usual.NONE,
    };
    const fit = await fitOf(silent, picture, 'a red heart', signal);
    expect(fit).toMatchObject({ fits: false, why: 'This model does not say how well words usually fit.' });
    expect(fit).not.toHaveProperty('percentile');
  });
});
