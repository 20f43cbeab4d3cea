/** From a picture to a model's pixel values, as Pillow-backed processors make them. */
import type { Preprocessing } from './config.ts';
import type { Raster } from './resample.ts';
import { resize } from './resample.ts';

function resized(picture: Raster, p: Preprocessing): Raster {
  const [height, width] = p.resizeTo;
  if (p.resize === 'none') return picture;
  if (p.resize === 'longest-edge') return fitted(picture, p);
  if (p.resize === 'squash') return resize(picture, width, height, p.interpolation);
  const scale = (long: number, short: number): number => Math.trunc((height * long) / short);
  return picture.width <= picture.height
    ? resize(picture, height, scale(picture.height, picture.width), p.interpolation)
    : resize(picture, scale(picture.width, picture.height), height, p.interpolation);
}

/** The whole picture inside the size (open_clip, ResizeKeepRatio with longest 1). */
function fitted(picture: Raster, p: Preprocessing): Raster {
  const [height, width] = p.resizeTo;
  const ratio = Math.max(picture.height / height, picture.width / width);
  return resize(
    picture,
    Math.max(1, Math.round(picture.width / ratio)),
    Math.max(1, Math.round(picture.height / ratio)),
    p.interpolation,
  );
}

/** Half of a whole number, halves to the even neighbour, as Python rounds. */
function evenHalf(rest: number): number {
  const floor = Math.floor(rest / 2);
  return rest % 2 === 0 || floor % 2 === 0 ? floor : floor + 1;
}

/** The middle `height` by `width`; what lies outside the picture is filled. */
function centred(picture: Raster, [height, width]: readonly [number, number], { fill, centre }: Preprocessing): Raster {
  if (picture.width === width && picture.height === height) return picture;
  const half = (rest: number): number => (centre === 'even' ? evenHalf(rest) : Math.floor(rest / 2));
  const top = half(picture.height - height);
  const left = half(picture.width - width);
  const data = new Uint8Array(width * height * 3).fill(fill);
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
  return p.crop ? centred(whole, p.crop, p) : whole;
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
