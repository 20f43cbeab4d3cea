/** What a person painted over a drawing that is being made: the drawing is pulled towards it where it is opaque. */
import sharp from 'sharp';
import type { PictureSource } from '../engine/requests.ts';
import { pictureName } from '../engine/requests.ts';
import { failure, messageOf } from '../errors.ts';
import type { Extent } from './step.ts';

export interface Paint {
  /** sRGB 0..1 and opacity: [1, 4, height, width]. */
  readonly data: Float32Array;
  /** Sum of the opacities, in pixels. */
  readonly covered: number;
}

const PIXEL_LIMIT = 50_000_000;

/** Nothing painted. */
export const noPaint = ({ height, width }: Extent): Paint => ({
  data: new Float32Array(4 * height * width),
  covered: 0,
});

/** A picture laid over the canvas, corner to corner. Throws PICTURE_UNREADABLE. */
export async function readPaint({ height, width }: Extent, picture: PictureSource): Promise<Paint> {
  const area = height * width;
  try {
    const raw = await sharp('path' in picture ? picture.path : picture.bytes, {
      limitInputPixels: PIXEL_LIMIT,
      pages: 1,
    })
      .autoOrient()
      .toColourspace('srgb')
      .ensureAlpha()
      .resize(width, height, { fit: 'fill', kernel: 'cubic' })
      .raw({ depth: 'uchar' })
      .toBuffer();
    const data = Float32Array.from(
      { length: 4 * area },
      (_, i) => (raw[(i % area) * 4 + Math.floor(i / area)] ?? 0) / 255,
    );
    return { data, covered: data.subarray(3 * area).reduce((a, b) => a + b, 0) };
  } catch (cause) {
    throw failure('PICTURE_UNREADABLE', { picture: pictureName(picture), what: messageOf(cause) }, cause);
  }
}
