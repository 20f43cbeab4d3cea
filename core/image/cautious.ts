/** Opens here what costs no more than its size says, and leaves to the darkroom whatever may hold a process up: drawings, rare formats, very large or oddly made files. */
import { plainError } from '../errors.ts';
import { darkroom } from './darkroom.ts';
import type { ImageJob } from './job.ts';
import { HEAD_BYTES, kindOf } from './kinds.ts';
import { checkKind, readPicture } from './reading.ts';
import type { SketchJob } from './sketch-job.ts';
import { develop, sketched } from './work.ts';

/** Pictures of more pixels than this are opened elsewhere. */
const PIXELS_HERE = 32_000_000;
/** A JPEG comes in so many passes at the most; ten are usual. */
const PASSES_HERE = 24;
const SCAN_MARK = Buffer.from([0xff, 0xda]);

function isOrdinary(bytes: Uint8Array): boolean {
  const kind = kindOf(bytes.subarray(0, HEAD_BYTES));
  if (kind === 'PNG' || kind === 'GIF' || kind === 'WebP') return true;
  if (kind !== 'JPEG') return false;
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let passes = 0;
  for (let at = all.indexOf(SCAN_MARK); at >= 0 && passes <= PASSES_HERE; at = all.indexOf(SCAN_MARK, at + 2))
    passes += 1;
  return passes <= PASSES_HERE;
}

/** With the file's bytes in place of its path. Throws PICTURE_OUT_OF_REACH, PICTURE_UNREADABLE. */
async function read(job: ImageJob): Promise<ImageJob> {
  const { input, label } = job;
  if ('path' in input) return { ...job, input: { bytes: await readPicture(input.path, label) } };
  if ('bytes' in input && !job.options.raw) checkKind(input.bytes, label);
  return job;
}

async function image(asked: ImageJob): Promise<unknown> {
  const job = await read(asked);
  const { input, options } = job;
  // Raw pixels, and pictures made of nothing, are what they say.
  if (options.raw || options.create) return develop(job);
  if (!('bytes' in input) || !isOrdinary(input.bytes)) return darkroom().image(job);
  const limitInputPixels = Math.min(PIXELS_HERE, options.limitInputPixels ?? PIXELS_HERE);
  try {
    return await develop({ ...job, options: { ...options, limitInputPixels } });
  } catch (thrown) {
    if (plainError(thrown).code !== 'PICTURE_TOO_LARGE') throw thrown;
    return darkroom().image(job);
  }
}

export const cautious = { image, sketch: (job: SketchJob): Promise<Uint8Array> => sketched(job) };
