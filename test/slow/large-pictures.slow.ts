import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePicture } from '../../core/index.ts';

describe('a picture', () => {
  it('of 108 million pixels is made smaller while it is read, where its format allows that', async () => {
    const large = sharp({ create: { width: 12_000, height: 9000, channels: 3, background: '#aa3344' } });
    const found = await decodePicture(await large.clone().jpeg().toBuffer(), 'it');
    expect([found.width, found.height]).toEqual([6000, 4500]);
    for (const [i, wanted] of [0xaa, 0x33, 0x44].entries())
      expect(Math.abs((found.data[i] ?? 0) - wanted)).toBeLessThan(4);
  });
});
