/** From a picture to a model's pixel values, as Pillow-backed processors make them. */
import type { Preprocessing } from './config.ts';
import type { Raster } from './resample.ts';
import { resize } from './resample.ts';

function resized(picture: Raster, p: Preprocessing): Raster {
  const [height, width] = p.resizeTo;
  if (p.resize === 'none') return picture;
  if (p.resize === 'squash') return resize(picture, width, height, p.interpolation);
  const scale = (long: number, short: number): number => Math.trunc((height * long) / short);
  return picture.width <= picture.height
    ? resize(picture, height, scale(picture.height, picture.width), p.interpolation)
    : resize(picture, scale(picture.width, picture.height), height, p.interpolation);
}

/** The middle `height` by `width`; what lies outside the picture is black. */
function centred(picture: Raster, height: number, width: number): Raster {
  if (picture.width === width && picture.height === height) return picture;
  const top = Math.floor((picture.height - height) / 2);
  const left = Math.floor((picture.width - width) / 2);
  const data = new Uint8Array(width * height * 3);
  for (let y = Math.max(0, -top); y < Math.min(height, picture.height - top); y++) {
    const x = Math.max(0, -left);
    const count = Math.min(width, picture.width - left) - x;
    const from = ((y + top) * picture.width + x + left) * 3;
    data.set(picture.data.subarray(from, from + count * 3), (y * width + x) * 3);
  }
  return { width, height, data };
}

/** The 8-bit picture that the model sees, before normalisation. */
function framed(picture: Raster, p: Preprocessing): Raster {
  const whole = resized(picture, p);
  return p.crop ? centred(whole, p.crop[0], p.crop[1]) : whole;
}

/** Pixel values [3, height, width], normalised: (v * rescale - mean) / std. */
export function pixelValues(picture: Raster, p: Preprocessing): Float32Array {
  const { data, width, height } = framed(picture, p);
  const area = width * height;
  const out = new Float32Array(3 * area);
  for (let c = 0; c < 3; c++) {
    const mean = p.mean[c] ?? 0;
    const std = p.std[c] ?? 1;
    for (let i = 0; i < area; i++) out[c * area + i] = ((data[i * 3 + c] ?? 0) * p.rescale - mean) / std;
  }
  return out;
}
