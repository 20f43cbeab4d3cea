/** Decodes pictures to RGB, whatever they were: gray, palette, 16 bit, turned by EXIF, translucent (over white). */
import sharp from 'sharp';
import { failure, messageOf } from '../errors.ts';
import type { Raster } from './resample.ts';

/** Pictures of more pixels than this are refused before they are decoded. */
const PIXEL_LIMIT = 100_000_000;

/** One channel over white, in Pillow's whole-number arithmetic (AlphaComposite.c). */
function overWhite(value: number, alpha: number): number {
  const share = alpha * 128;
  const sum = value * share + 255 * (255 * 128 - share) + (0x80 << 7);
  return (((sum >> 8) + sum) >> 8) >> 7;
}

/** RGB of gray, RGB, and either with alpha. */
function opaque(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return data;
  const [colours, hasAlpha] = [channels < 3 ? 1 : 3, channels % 2 === 0];
  const rgb = new Uint8Array((data.length / channels) * 3);
  for (let i = 0, o = 0; i < data.length; i += channels, o += 3) {
    const alpha = hasAlpha ? (data[i + channels - 1] as number) : 255;
    for (let c = 0; c < 3; c++) {
      const value = data[i + (colours === 3 ? c : 0)] as number;
      rgb[o + c] = alpha === 255 ? value : overWhite(value, alpha);
    }
  }
  return rgb;
}

/** `label` names the picture in errors. Throws PICTURE_UNREADABLE, PICTURE_TOO_LARGE. */
export async function decodePicture(source: Uint8Array | string, label: string): Promise<Raster> {
  try {
    const image = sharp(source, { limitInputPixels: PIXEL_LIMIT, failOn: 'error', pages: 1 });
    const { data, info } = await image
      .autoOrient()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: opaque(data, info.channels) };
  } catch (cause) {
    const what = messageOf(cause);
    if (what.includes('pixel limit'))
      throw failure('PICTURE_TOO_LARGE', { picture: label, limit: `${PIXEL_LIMIT / 1e6} million pixels` }, cause);
    throw failure('PICTURE_UNREADABLE', { picture: label, what: what.split('\n')[0] ?? what }, cause);
  }
}
