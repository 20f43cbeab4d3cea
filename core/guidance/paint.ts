/** What a person painted over a drawing that is being made: the drawing is pulled towards it where it is opaque. */
import { joinedFloats } from '../arrays.ts';
import type { PictureSource } from '../engine/requests.ts';
import { pictureName } from '../engine/requests.ts';
import { image } from '../image/image.ts';
import type { Extent } from './plane.ts';

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

/** A picture [3, height, width] with opacities [height, width]. */
export function paintOf(colour: Float32Array, opacity: Float32Array): Paint {
  return { data: joinedFloats([colour, opacity]), covered: opacity.reduce((a, b) => a + b, 0) };
}

/** What of it another one that lies over it leaves to be seen. */
export function beneath(below: Paint, above: Paint): Paint {
  if (below.covered === 0 || above.covered === 0) return below;
  const area = above.data.length / 4;
  const data = below.data.map((v, i) => (i < 3 * area ? v : v * (1 - (above.data[i] ?? 0))));
  return { data, covered: data.subarray(3 * area).reduce((a, b) => a + b, 0) };
}

/** A picture [3, height, width] with paint over it. */
export function laidOver(below: Float32Array, { data, covered }: Paint): Float32Array {
  if (covered === 0) return below;
  const area = below.length / 3;
  return below.map((v, i) => {
    const opacity = data[3 * area + (i % area)] ?? 0;
    return v * (1 - opacity) + (data[i] ?? 0) * opacity;
  });
}

/** A picture laid over the canvas, corner to corner. Throws PICTURE_UNREADABLE. */
export async function readPaint({ height, width }: Extent, picture: PictureSource): Promise<Paint> {
  const area = height * width;
  const options = { limitInputPixels: PIXEL_LIMIT, pages: 1 };
  const raw = await image('path' in picture ? picture.path : picture.bytes, options, pictureName(picture))
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
}
