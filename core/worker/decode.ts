/** Decodes pictures ahead of the model: the next batch is made ready while the present one runs. */

import { joinedFloats } from '../arrays.ts';
import type { Preprocessing } from '../clip/config.ts';
import { cropped } from '../clip/cropped.ts';
import { decodePicture } from '../clip/picture.ts';
import { pixelValues } from '../clip/preprocess.ts';
import type { PictureSource } from '../engine/requests.ts';
import { pictureName } from '../engine/requests.ts';
import type { PlainError } from '../errors.ts';
import { pictureFault } from './picture-fault.ts';

export interface PixelBatch {
  /** Place in the list of each picture that could be read. */
  readonly indices: readonly number[];
  /** Normalised [indices.length, 3, side, side]. */
  readonly pixels: Float32Array;
  readonly failures: readonly { readonly index: number; readonly error: PlainError }[];
}

/** How a model takes in pictures: squares of `side` pixels. */
export interface Sight {
  readonly preprocessing: Preprocessing;
  readonly side: number;
}

const BATCH = 16;

/** One picture as the model sees it: normalised [3, side, side]. */
export async function valuesOf(picture: PictureSource, { preprocessing, side }: Sight): Promise<Float32Array> {
  const whole = await decodePicture('path' in picture ? picture.path : picture.bytes, pictureName(picture));
  return pixelValues(picture.crop ? cropped(whole, picture.crop) : whole, preprocessing, side);
}

async function batchOf(pictures: readonly PictureSource[], from: number, sight: Sight): Promise<PixelBatch> {
  const tries = await Promise.all(
    pictures.slice(from, from + BATCH).map(async (picture, i) => {
      try {
        return { index: from + i, values: await valuesOf(picture, sight) };
      } catch (thrown) {
        return { index: from + i, error: pictureFault(thrown) };
      }
    }),
  );
  const good = tries.flatMap((t) => ('values' in t && t.values ? [{ index: t.index, values: t.values }] : []));
  const pixels = joinedFloats(good.map((g) => g.values));
  return {
    indices: good.map((g) => g.index),
    pixels,
    failures: tries.flatMap((t) => ('error' in t && t.error ? [{ index: t.index, error: t.error }] : [])),
  };
}

export async function* pixelBatches(pictures: readonly PictureSource[], sight: Sight): AsyncGenerator<PixelBatch> {
  let next = pictures.length > 0 ? batchOf(pictures, 0, sight) : undefined;
  for (let from = BATCH; next; from += BATCH) {
    const batch: PixelBatch = await next;
    next = from < pictures.length ? batchOf(pictures, from, sight) : undefined;
    // Told when its turn comes.
    next?.catch(() => undefined);
    yield batch;
  }
}
