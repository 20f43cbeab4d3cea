/** What of a drawing is locked: it is seen, shown and finished as it was, to the byte. */
import { remembered } from '../clip/remembered.ts';
import type { PictureSource } from '../engine/requests.ts';
import { failure } from '../errors.ts';
import { image } from '../image/image.ts';
import type { Raw } from './fresh-views.ts';
import { readPaint } from './paint.ts';
import { readMask } from './place.ts';
import type { Extent } from './plane.ts';

/** A drawing at the moment at which some of it was locked. */
export interface Moment {
  /** As the models look at it, on its paper: [3, height, width], 0..1. */
  readonly seen: Float32Array;
  readonly finished: Raw;
}

/** One lock: where, what was there, and what was painted over it since. */
export interface Lock {
  /** Bright where the drawing stays. */
  readonly mask: PictureSource;
  readonly was: Moment;
  readonly painted: PictureSource | undefined;
}

const CHANNELS = 3;
const sized = ({ height, width }: Extent): string => `${width} x ${height}`;

/** What a lock lays over a drawing of one size. */
interface Cover {
  readonly data: Uint8Array;
  /** How much of it is seen in each pixel, 0..1. */
  readonly opacity: Float32Array;
}

async function coverOf({ mask, was, painted }: Lock, extent: Extent): Promise<Cover> {
  const { finished } = was;
  const opacity = await readMask(extent, mask);
  if (painted) {
    const { data } = await readPaint(extent, painted);
    const above = data.subarray(CHANNELS * extent.width * extent.height);
    opacity.forEach((v, i) => {
      opacity[i] = v * (1 - (above[i] ?? 0));
    });
  }
  if (sized(finished) === sized(extent)) return { data: finished.data, opacity };
  const { width, height } = finished;
  const fitted = await image(finished.data, { raw: { width, height, channels: CHANNELS } })
    .resize(extent.width, extent.height, { fit: 'fill' })
    .raw()
    .toBuffer();
  return { data: new Uint8Array(fitted), opacity };
}

const covers = new WeakMap<Lock, Map<string, Promise<Cover>>>();

/** The drawing with what is locked over it. */
export async function overlaid(drawing: Raw, lock: Lock | undefined): Promise<Raw> {
  if (!lock) return drawing;
  const bySize = covers.get(lock) ?? new Map<string, Promise<Cover>>();
  covers.set(lock, bySize);
  const { data: kept, opacity } = await remembered(bySize, sized(drawing), () => coverOf(lock, drawing));
  const data = drawing.data.map((v, i) => {
    const share = opacity[Math.floor(i / CHANNELS)] ?? 0;
    return Math.round(v + ((kept[i] ?? 0) - v) * share);
  });
  return { ...drawing, data };
}

/** What is locked by itself, PNG, with nothing where the drawing is free. */
export async function lockedAlone(lock: Lock): Promise<Uint8Array> {
  const { width, height } = lock.was.finished;
  const { data, opacity } = await coverOf(lock, { width, height });
  const pixels = new Uint8Array(4 * opacity.length);
  opacity.forEach((share, i) => {
    pixels.set(data.subarray(CHANNELS * i, CHANNELS * (i + 1)), 4 * i);
    pixels[4 * i + CHANNELS] = Math.round(255 * share);
  });
  return image(pixels, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
}

const BYTE = 256;

/** Pictures as numbers of a checkpoint: width, height, and each pixel as one whole number below 2^24, which float32 holds exactly. */
export function packed({ width, height, data }: Raw): Float32Array {
  const numbers = new Float32Array(2 + width * height);
  numbers.set([width, height]);
  for (let i = 0; i < width * height; i++) {
    const [red = 0, green = 0, blue = 0] = data.subarray(CHANNELS * i, CHANNELS * (i + 1));
    numbers[2 + i] = (red * BYTE + green) * BYTE + blue;
  }
  return numbers;
}

/** Throws CHECKPOINT_INVALID when the numbers are none of a picture. */
export function unpacked(numbers: Float32Array): Raw {
  const [width = 0, height = 0] = numbers;
  if (width < 1 || height < 1 || numbers.length !== 2 + width * height)
    throw failure('CHECKPOINT_INVALID', { what: 'what was locked in it is no picture' });
  const data = new Uint8Array(CHANNELS * width * height);
  for (let i = 0; i < width * height; i++) {
    const pixel = numbers[2 + i] ?? 0;
    data.set([Math.floor(pixel / (BYTE * BYTE)), Math.floor(pixel / BYTE) % BYTE, pixel % BYTE], CHANNELS * i);
  }
  return { width, height, data };
}
