/** Pixels are those of a colour-managed viewer, for every depth and size. */
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePicture } from '../../../core/index.ts';
import { floatTiff } from '../../support/float-tiff.ts';

const red = sharp({ create: { width: 32, height: 24, channels: 3, background: { r: 220, g: 30, b: 30 } } });
const first = async (bytes: Uint8Array): Promise<number[]> => [
  ...(await decodePicture(bytes, 'it')).data.subarray(0, 3),
];
const near = (values: readonly number[], wanted: readonly number[], most: number): void => {
  for (const [i, w] of wanted.entries()) expect(Math.abs((values[i] ?? 0) - w), `${values}`).toBeLessThanOrEqual(most);
};

describe('a picture', () => {
  it.each(['srgb', 'p3'] as const)('of 16 bits with the profile %s has the colours of one of 8', async (profile) => {
    const deep = await red.clone().toColourspace('rgb16').withIccProfile(profile).png().toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    near(await first(deep), [220, 30, 30], 1);
    near(await first(await red.clone().toColourspace('rgb16').png().toBuffer()), [220, 30, 30], 0);
  });
  it('in floating point from 0 to 1 has these tones, in grey and in colour', async () => {
    near(await first(floatTiff([0.5], 24, 16)), [128, 128, 128], 1);
    near(await first(floatTiff([220 / 255, 30 / 255, 30 / 255], 24, 16)), [220, 30, 30], 1);
    near(await first(floatTiff([220, 30, 30], 24, 16)), [220, 30, 30], 1);
  });
  it('without its last bytes opens; without its last half it is damaged', async () => {
    const noise = Uint8Array.from({ length: 3 * 300 * 300 }, (_, i) => (i * 7919) % 251);
    const jpeg = await sharp(noise, { raw: { width: 300, height: 300, channels: 3 } })
      .jpeg()
      .toBuffer();
    const cut = await decodePicture(jpeg.subarray(0, jpeg.byteLength - 9), 'it');
    expect([cut.width, cut.height]).toEqual([300, 300]);
    const whole = await decodePicture(jpeg, 'it');
    expect(Buffer.compare(cut.data.subarray(0, 3 * 300 * 200), whole.data.subarray(0, 3 * 300 * 200))).toBe(0);
    await expect(decodePicture(jpeg.subarray(0, jpeg.byteLength >> 1), 'it')).rejects.toMatchObject({
      code: 'PICTURE_UNREADABLE',
      message: expect.stringContaining('it is damaged'),
    });
  });
  it('of too many pixels is refused by its header where its format cannot be made smaller while it is read', async () => {
    // Nobody looks further than its header.
    const png = await red.clone().png().toBuffer();
    png.writeUInt32BE(12_000, 16);
    png.writeUInt32BE(9000, 20);
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    await expect(decodePicture(png, 'it')).rejects.toMatchObject({
      code: 'PICTURE_TOO_LARGE',
      message: expect.stringContaining('100 million pixels'),
    });
  });
  it.each([
    ['of 1 x 1', 'width="1" height="1"'],
    ['without a size', ''],
    ['of 12,000 x 12,000', 'width="12000" height="12000"'],
  ])('that is drawn, %s, is drawn near the size at which it is looked at', async (_what, size) => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 100 100"><rect width="100" height="100" fill="#fff"/><circle cx="50" cy="50" r="40" fill="#d00"/></svg>`;
    const found = await decodePicture(Buffer.from(svg), 'it');
    expect(found.width).toBeGreaterThanOrEqual(1000);
    expect(found.width).toBeLessThanOrEqual(1100);
    const middle = 3 * (Math.floor(found.height / 2) * found.width + Math.floor(found.width / 2));
    near([...found.data.subarray(middle, middle + 3)], [0xdd, 0, 0], 1);
  });
});
