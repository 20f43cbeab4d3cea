import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { bareSvg, carried, carrying, inFormat } from '../../core/picture-text.ts';
import { drawn } from '../support/pictures.ts';

const json = JSON.stringify({ format: 1, prompt: 'un cœur rouge <&> "Ω" 🌸', more: 'x'.repeat(5000) });
const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4">\n<rect width="4" height="4"/></svg>\n';

describe('what a picture carries', () => {
  it('is read back from a PNG and from an SVG, which show what they showed', async () => {
    const png = new Uint8Array(await drawn('heart', 'red'));
    const signed = carrying(png, json);
    expect(await carried(signed)).toBe(json);
    expect(await sharp(signed).raw().toBuffer()).toEqual(await sharp(png).raw().toBuffer());
    const vector = carrying(new TextEncoder().encode(svg), json);
    expect(await carried(vector)).toBe(json);
    expect(bareSvg(new TextDecoder().decode(vector))).toBe(svg);
    expect(await carried(carrying(vector, '{"format":1}'))).toBe('{"format":1}');
    expect(await sharp(vector).metadata()).toMatchObject({ format: 'svg', width: 4 });
  });
  it.each(['.jpg', '.jpeg', '.webp'])('goes with it into %s', async (ending) => {
    const signed = carrying(new Uint8Array(await drawn('heart', 'red')), json);
    const other = await inFormat(signed, ending);
    expect((await sharp(other).metadata()).format).toBe(ending === '.webp' ? 'webp' : 'jpeg');
    expect(JSON.parse((await carried(other)) ?? '')).toEqual(JSON.parse(json));
  });
  it('is nothing where nothing was put, or what it was put into is no picture', async () => {
    const png = new Uint8Array(await drawn('heart', 'red'));
    expect(await carried(png)).toBeUndefined();
    expect(await carried(await inFormat(png, '.jpg'))).toBeUndefined();
    expect(await carried(new TextEncoder().encode(svg))).toBeUndefined();
    expect(await carried(Uint8Array.of(1, 2, 3))).toBeUndefined();
  });
});
