/** Decodes pictures to RGB, whatever they were: gray, palette, 16 bit, turned by EXIF, translucent (over white). */
import sharp from 'sharp';
import { failure, messageOf } from '../errors.ts';
import type { Raster } from './resample.ts';

/** Pictures of more pixels than this are refused before they are decoded. */
const PIXEL_LIMIT = 100_000_000;
const CHANNELS = 4;

/** One channel over white, in Pillow's whole-number arithmetic (AlphaComposite.c). */
function overWhite(value: number, alpha: number): number {
  const share = alpha * 128;
  const sum = value * share + 255 * (255 * 128 - share) + (0x80 << 7);
  return (((sum >> 8) + sum) >> 8) >> 7;
}

/** `label` names the picture in errors. Throws PICTURE_UNREADABLE, PICTURE_TOO_LARGE. */
export async function decodePicture(source: Uint8Array | string, label: string): Promise<Raster> {
  try {
    const image = sharp(source, { limitInputPixels: PIXEL_LIMIT, failOn: 'error', pages: 1 });
    const { data, info } = await image
      .autoOrient()
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const rgb = new Uint8Array(info.width * info.height * 3);
    for (let i = 0, o = 0; i < data.length; i += CHANNELS, o += 3) {
      const alpha = data[i + 3] ?? 255;
      for (let c = 0; c < 3; c++) rgb[o + c] = alpha === 255 ? (data[i + c] ?? 0) : overWhite(data[i + c] ?? 0, alpha);
    }
    return { width: info.width, height: info.height, data: rgb };
  } catch (cause) {
    const what = messageOf(cause);
    if (what.includes('pixel limit'))
      throw failure('PICTURE_TOO_LARGE', { picture: label, limit: `${PIXEL_LIMIT / 1e6} million pixels` }, cause);
    throw failure('PICTURE_UNREADABLE', { picture: label, what: what.split('\n')[0] ?? what }, cause);
  }
}
