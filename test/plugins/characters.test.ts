/** Characters of a story: the same words in every scene, and the look of their first appearance. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { appearance, charactersIn, expanded } from '../../plugins/storyboard/characters.ts';
import { drawn } from '../support/pictures.ts';
import { useEngine } from '../support/services.ts';

describe('the characters of a story', () => {
  it('are named on lines of their own, which are no scenes', () => {
    const { characters, story } = charactersIn(
      'Mira = a girl in a red coat\nMira in a wood\n  Old-Tom=a grey wolf \nthe end',
    );
    expect(characters).toEqual([
      { name: 'Mira', words: 'a girl in a red coat' },
      { name: 'Old-Tom', words: 'a grey wolf' },
    ]);
    expect(story).toBe('Mira in a wood\nthe end');
  });
  it('are said in the same words wherever their whole name stands', () => {
    const characters = [
      { name: 'Mira', words: 'a girl' },
      { name: 'Tom', words: 'a wolf' },
    ];
    expect(expanded('Mira, Tom and Miranda meet Mira', characters)).toEqual({
      words: 'a girl, a wolf and Miranda meet a girl',
      who: characters,
    });
    expect(expanded('a tomcat', characters)).toEqual({ words: 'a tomcat', who: [] });
  });
});

describe('a first appearance', () => {
  const engine = useEngine();
  it('is the part of the picture where somebody stands', async () => {
    const [heart, star] = await Promise.all([drawn('heart', 'red'), drawn('star', 'gold')]);
    const small = (bytes: Buffer) => sharp(bytes).resize(100, 100).png().toBuffer();
    const scene = await sharp({ create: { width: 240, height: 240, channels: 3, background: '#fff' } })
      .composite([
        { input: await small(heart), left: 5, top: 10 },
        { input: await small(star), left: 130, top: 130 },
      ])
      .png()
      .toBuffer();
    const { signal } = new AbortController();
    const context = { engine, signal } as unknown as Parameters<typeof appearance>[2];
    const found = await appearance(new Uint8Array(scene), { name: 'Hart', words: 'a red heart' }, context);
    const { data, info } = await sharp(found).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    let [red, gold] = [0, 0];
    for (let i = 0; i < data.length; i += 3) {
      const [r = 0, g = 0, b = 0] = data.subarray(i, i + 3);
      if (r > 200 && g < 80 && b < 80) red += 1;
      if (r > 200 && g > 160 && b < 80) gold += 1;
    }
    expect(info.width).toBeLessThan(240);
    expect(red).toBeGreaterThan(20 * Math.max(1, gold));
  });
});
