/** From a picture to a model's pixel values, as Pillow-backed processors make them. */

import { failure } from '../errors.ts';
import type { Raster } from '../image/opaque.ts';
import type { Preprocessing } from './config.ts';
import { resize } from './resample.ts';

type Size = readonly [height: number, width: number];

/** The nearest whole number, halves to the even one, as Python rounds. */
function evenRound(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

/** The size that the whole picture is resized to before anything is cut. */
function wholeSize({ width, height }: Raster, { resize: mode, resizeTo: [to, across] }: Preprocessing): Size {
  if (mode === 'none') return [height, width];
  if (mode === 'squash') return [to, across];
  if (mode === 'longest-edge') {
    // open_clip, ResizeKeepRatio with longest 1
    const ratio = Math.max(height / to, width / across);
    return [Math.max(1, evenRound(height / ratio)), Math.max(1, evenRound(width / ratio))];
  }
  return width <= height ? [Math.trunc((to * height) / width), to] : [to, Math.trunc((to * width) / height)];
}

/** The 8-bit picture that the model sees, before normalisation: the middle of the resized one; what lies outside it is filled. */
function framed(picture: Raster, p: Preprocessing): Raster {
  const [tall, wide] = wholeSize(picture, p);
  const [height, width] = p.crop ?? [tall, wide];
  // torchvision, which OpenCLIP uses, halves what is cut off to the even number; what is filled up open_clip halves downwards, transformers upwards.
  const even = (rest: number): number => (rest > 0 ? evenRound(rest / 2) : -Math.floor(-rest / 2));
  const half = (rest: number): number => (p.centre === 'even' ? even(rest) : Math.floor(rest / 2));
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

/** What sRGB in 0..1 is multiplied by before the mean is taken off: 1 for nearly all models, 2 for ALIGN, whose bytes become -1..1. */
export const unitFactor = ({ rescale }: Preprocessing): number => 255 * rescale;

/**
 * Pixel values [3, side, side], normalised: (v * rescale - mean) / std. Throws MODEL_BROKEN where the folder's preprocessing leaves another size than
 * the tower takes: pictures of a batch would run into each other.
 */
export function pixelValues(picture: Raster, p: Preprocessing, side: number): Float32Array {
  const { data, width, height } = framed(picture, p);
  if (width !== side || height !== side)
    throw failure('MODEL_BROKEN', {
      file: "The model's preprocessor_config.json",
      what: `it makes ${width} x ${height} pixels of a picture of ${picture.width} x ${picture.height}, and the image tower takes ${side} x ${side}. Give its size as height and width, or crop the middle (do_center_crop)`,
    });
  const area = width * height;
  const out = new Float32Array(3 * area);
  for (let c = 0; c < 3; c++) {
    const [mean, std] = [p.mean[c] ?? 0, p.std[c] ?? 1];
    const table = Float32Array.from({ length: 256 }, (_, v) => (v * p.rescale - mean) / std);
    for (let i = 0; i < area; i++) out[c * area + i] = table[data[i * 3 + c] as number] as number;
  }
  return out;
}
