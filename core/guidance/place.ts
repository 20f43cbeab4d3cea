/** A part of the canvas that prompts look at: a box, or what is bright in a mask. */

import type { PictureSource } from '../engine/requests.ts';
import { pictureName } from '../engine/requests.ts';
import { failure } from '../errors.ts';
import { image } from '../image/image.ts';
import type { Extent } from './plane.ts';
import { type Region, SMALLEST_REGION } from './prompt/regions.ts';

/** All of the canvas where neither is given. */
export interface Place {
  readonly region?: Region;
  /** [height, width], 0..1 */
  readonly mask?: Float32Array;
}

const PIXEL_LIMIT = 50_000_000;
/** A mask may be longer or shorter than the canvas by this share of its shape before it is taken for another picture's. */
const OTHER_SHAPE = 0.1;
/** What counts as bright. */
const BRIGHT = 0.5;

/** A picture as how bright it is, 0..1, at the size of the canvas. Throws MASK_INVALID when its shape is not the canvas's, PICTURE_UNREADABLE. */
export async function readMask({ height, width }: Extent, picture: PictureSource): Promise<Float32Array> {
  const name = pictureName(picture);
  const options = { limitInputPixels: PIXEL_LIMIT, pages: 1 };
  const source = image('path' in picture ? picture.path : picture.bytes, options, name).autoOrient();
  const { data, ...info } = await source
    .flatten({ background: '#000' })
    .toColourspace('b-w')
    .raw({ depth: 'uchar' })
    .made();
  const [given, wanted] = [info.width / info.height, width / height];
  if (Math.abs(given / wanted - 1) > OTHER_SHAPE)
    throw failure('MASK_INVALID', {
      mask: name,
      what: `it is ${info.width} x ${info.height}, and the canvas has ${wanted.toFixed(2)} times its height as its width`,
    });
  const fitted = await image(data, {
    raw: { width: info.width, height: info.height, channels: info.channels as 1 | 2 | 3 | 4 },
  })
    .extractChannel(0)
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer();
  return Float32Array.from({ length: height * width }, (_, i) => (fitted[i] ?? 0) / 255);
}

/** How far a box fades beyond its sides, as a share of the canvas: a hard side would be an edge that the model sees. */
const FEATHER = 0.04;

/** A box, and nothing of what lies beside it; it reaches to the border of the canvas where it ends there. */
export function boxedPlace({ height, width }: Extent, region: Region): Required<Place> {
  const inside = (at: number, from: number, to: number): number => {
    const before = from <= 0 ? 1 : (at - from) / FEATHER + 1;
    const after = to >= 1 ? 1 : (to - at) / FEATHER + 1;
    return Math.min(1, Math.max(0, Math.min(before, after)));
  };
  const along = (size: number, from: number, to: number): number[] =>
    Array.from({ length: size }, (_, i) => inside((i + 0.5) / size, from, to));
  const [rows, columns] = [along(height, region.top, region.bottom), along(width, region.left, region.right)];
  const mask = Float32Array.from(
    { length: height * width },
    (_, i) => (rows[Math.floor(i / width)] ?? 0) * (columns[i % width] ?? 0),
  );
  return { mask, region };
}

/** What is bright in a mask, with the box around it. Throws MASK_INVALID when hardly anything is. */
export async function maskedPlace(canvas: Extent, picture: PictureSource): Promise<Required<Place>> {
  const { height, width } = canvas;
  const mask = await readMask(canvas, picture);
  const bright = [...mask.keys()].filter((i) => (mask[i] ?? 0) > BRIGHT);
  const [xs, ys] = [bright.map((i) => i % width), bright.map((i) => Math.floor(i / width))];
  const ends = (values: readonly number[], size: number): [number, number] => [
    values.reduce((a, b) => Math.min(a, b), size) / size,
    (values.reduce((a, b) => Math.max(a, b), -1) + 1) / size,
  ];
  const [[left, right], [top, bottom]] = [ends(xs, width), ends(ys, height)];
  if (right - left < SMALLEST_REGION || bottom - top < SMALLEST_REGION)
    throw failure('MASK_INVALID', {
      mask: pictureName(picture),
      what: `what is bright in it is smaller than ${SMALLEST_REGION} of the canvas`,
    });
  return { mask, region: { left, top, right, bottom } };
}
