/** A part of a picture that was decoded. */
import type { Raster } from '../image/opaque.ts';

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** What lies in a box in shares of the sides, at least one pixel each way. */
export function cropped({ width, height, data }: Raster, box: Box): Raster {
  const ends = (from: number, to: number, size: number): [number, number] => {
    const first = Math.min(size - 1, Math.floor(from * size));
    return [first, Math.max(first + 1, Math.min(size, Math.round(to * size)))];
  };
  const [left, right] = ends(box.left, box.right, width);
  const [top, bottom] = ends(box.top, box.bottom, height);
  const wide = right - left;
  const out = new Uint8Array(3 * wide * (bottom - top));
  for (let y = top; y < bottom; y++)
    out.set(data.subarray(3 * (y * width + left), 3 * (y * width + right)), 3 * wide * (y - top));
  return { width: wide, height: bottom - top, data: out };
}
