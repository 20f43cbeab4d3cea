/** From a picture to a model's pixel values, as Pillow-backed processors make them. */

import type { Raster } from '../image/opaque.ts';
import type { Preprocessing } from './config.ts';
import { resize } from './resample.ts';

type Size = readonly [height: number, width: number];

/** The size that the whole picture is resized to before anything is cut. */
function wholeSize({ width, height }: Raster, { resize: mode, resizeTo: [to, across] }: Preprocessing): Size {
  if (mode === 'none') return [height, width];
  if (mode === 'squash') return [to, across];
  if (mode === 'longest-edge') {
    // open_clip, ResizeKeepRatio with longest 1
    const ratio = Math.max(height / to, width / across);
    return [Math.max(1, Math.round(height / ratio)), Math.max(1, Math.round(width / ratio))];
  }
  return width <= height ? [Math.trunc((to * height) / width), to] : [to, Math.trunc((to * width) / height)];
}

/** Half of a whole number, halves to the even neighbour, as Python rounds. */
function evenHalf(rest: number): number {
  const floor = Math.floor(rest / 2);
  return rest % 2 === 0 || floor % 2 === 0 ? floor : floor + 1;
}

/** The 8-bit picture that the model sees, before normalisation: the middle of the resized one; what lies outside it is filled. */
function framed(picture: Raster, p: Preprocessing): Raster {
  const [tall, wide] = wholeSize(picture, p);
  const [height, width] = p.crop ?? [tall, wide];
  const half = (rest: number): number => (p.centre === 'even' ? evenHalf(rest) : Math.floor(rest / 2));
  const [top, left] = [half(tall - height), half(wide - width)];
  const cut = {
    left: Math.max(0, left),
    top: Math.max(0, top),
    width: Math.min(width, wide),
    height: Math.min(height, tall),
  };
  const seen = resize(picture, wide, tall, p.interpolation, cut);
  if (seen.width === width && seen.height === height) return seen;
  const data = new Uint8Array(width * height * 3).fill(p.fill);
  for (let y = 0; y < seen.height; y++) {
    const row = seen.data.subarray(y * seen.width * 3, (y + 1) * seen.width * 3);
    data.set(row, ((y + Math.max(0, -top)) * width + Math.max(0, -left)) * 3);
  }
  return { width, height, data };
}

/** Pixel values [3, height, width], normalised: (v * rescale - mean) / std. */
export function pixelValues(picture: Raster, p: Preprocessing): Float32Array {
  const { data, width, height } = framed(picture, p);
  const area = width * height;
  const out = new Float32Array(3 * area);
  for (let c = 0; c < 3; c++) {
    const [mean, std] = [p.mean[c] ?? 0, p.std[c] ?? 1];
    const table = Float32Array.from({ length: 256 }, (_, v) => (v * p.rescale - mean) / std);
    for (let i = 0; i < area; i++) out[c * area + i] = table[data[i * 3 + c] as number] as number;
  }
  return out;
}
