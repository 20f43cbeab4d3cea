import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { bareSvg, carried, carrying, inFormat } from '../../core/picture-text.ts';
import { drawn } from '../support/pictures.ts';

const json = JSON.stringify({ format: 1, prompt: 'un cœur rouge <&> "Ω" 🌸', more: 'x'.repeat(5000) });
const ascii = (text: string): string => text.replace(/[^\x20-\x7e]/gu, '?');
/** The picture with one more chunk after its header. */
function withChunk(png: Uint8Array, type: string, body: Uint8Array): Uint8Array {
  const chunk = Buffer.alloc(12 + body.byteLength);
  chunk.writeUInt32BE(body.byteLength, 0);
  chunk.write(type, 4, 'latin1');
  chunk.set(body, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.byteLength - 4);
  return new Uint8Array(Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]));
}
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
  it.each([
    ['as Latin letters', 'tEXt', (text: string) => Buffer.from(`lodestone\0${text}`, 'latin1')],
    [
      'squeezed',
      'zTXt',
      (text: string) => Buffer.concat([Buffer.from('lodestone\0\0'), deflateSync(Buffer.from(text, 'latin1'))]),
    ],
    [
      'squeezed, of all scripts',
      'iTXt',
      (text: string) => Buffer.concat([Buffer.from('lodestone\0\x01\0de\0\0'), deflateSync(text)]),
    ],
    ['with a language', 'iTXt', (text: string) => Buffer.from(`lodestone\0\0\0de\0Magnetstein\0${text}`)],
  ] as const)(
    'is read where another program has put it %s, from a picture that was cut, too',
    async (_how, type, body) => {
      const text = type === 'iTXt' ? json : ascii(json);
      const png = withChunk(new Uint8Array(await drawn('heart', 'red')), type, body(text));
      expect(await carried(png)).toBe(text);
      expect(await carried(png.subarray(0, png.byteLength - 200))).toBe(text);
    },
  );
  it('is nothing where a chunk says that it is larger than any record, and the next is read', async () => {
    const bomb = Buffer.concat([Buffer.from('lodestone\0\0'), deflateSync(Buffer.alloc(64 << 20))]);
    const png = withChunk(new Uint8Array(await drawn('heart', 'red')), 'zTXt', bomb);
    expect(await carried(png)).toBeUndefined();
    expect(await carried(carrying(png, json))).toBe(json);
  });
  it('is nothing where nothing was put, or what it was put into is no picture', async () => {
    const png = new Uint8Array(await drawn('heart', 'red'));
    expect(await carried(png)).toBeUndefined();
    expect(await carried(await inFormat(png, '.jpg'))).toBeUndefined();
    expect(await carried(new TextEncoder().encode(svg))).toBeUndefined();
    expect(await carried(Uint8Array.of(1, 2, 3))).toBeUndefined();
  });
});
