/** Works jobs off with sharp and the canvas, in this process. */
import type { Sharp } from 'sharp';
import { failure, LodestoneError, messageOf } from '../errors.ts';
import { canvas } from '../native.ts';
import { decoded, SHRUNK_LIMIT } from './decoded.ts';
import type { ImageJob, Made, Metadata } from './job.ts';
import { kindOf } from './kinds.ts';
import type { Raster } from './opaque.ts';
import { opened, PIXEL_LIMIT } from './opened.ts';
import type { SketchJob } from './sketch-job.ts';

type Steps = Readonly<Record<string, (...args: readonly unknown[]) => Sharp>>;
const taken = (image: Sharp, steps: ImageJob['steps']): Sharp =>
  // The names are those of the schema, all of them methods that give the picture back.
  steps.reduce((now, [name, args]) => (now as unknown as Steps)[name]?.call(now, ...args) ?? now, image);

/** Throws PICTURE_UNREADABLE, PICTURE_TOO_LARGE. */
export async function develop(job: ImageJob): Promise<Made | Metadata | Raster> {
  try {
    if (job.end === 'metadata') {
      const { width, height, pages = 1, format, exif } = await opened(job).metadata();
      return { width, height, pages, format, ...(exif ? { exif } : {}) };
    }
    if (job.end === 'decode') return await decoded(job);
    const { data, info } = await taken(opened(roomy(job)), job.steps).toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height, channels: info.channels, format: info.format };
  } catch (cause) {
    throw unreadable(job, cause);
  }
}

/** A JPEG that is made smaller is made so while it is read: its whole size costs nothing then. */
function roomy(job: ImageJob): ImageJob {
  const { input, options, steps } = job;
  const shrinks = steps.some(([name]) => name === 'resize') && options.limitInputPixels === undefined;
  if (!shrinks || !('bytes' in input) || kindOf(input.bytes) !== 'JPEG') return job;
  return { ...job, options: { ...options, limitInputPixels: SHRUNK_LIMIT } };
}

function unreadable({ label, options }: ImageJob, cause: unknown): LodestoneError {
  if (cause instanceof LodestoneError) return cause;
  const what = messageOf(cause);
  const limit = options.limitInputPixels ?? PIXEL_LIMIT;
  return what.includes('pixel limit')
    ? failure('PICTURE_TOO_LARGE', { picture: label, limit: `${limit / 1e6} million pixels` }, cause)
    : failure(
        'PICTURE_UNREADABLE',
        { picture: label, what: `it is damaged (${what.split('\n')[0] ?? what}); save or copy it again` },
        cause,
      );
}

/** A sketch as an encoded picture. */
export async function sketched({ size, paper, ops, format }: SketchJob): Promise<Uint8Array> {
  const made = canvas().createCanvas(size, size);
  const context = made.getContext('2d');
  context.fillStyle = paper;
  context.fillRect(0, 0, size, size);
  const gradients: CanvasGradient[] = [];
  // All names are those of the schema: settings and methods of a 2D context.
  const settings = context as unknown as Record<string, unknown>;
  const methods = context as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
  for (const op of ops) {
    if (op[0] === 'set')
      settings[op[1]] = typeof op[2] === 'object' && 'gradient' in op[2] ? gradients[op[2].gradient] : op[2];
    else if (op[0] === 'call') methods[op[1]]?.(...op[2]);
    else if (op[0] === 'gradient')
      gradients.push(methods[op[1]]?.(...op[2]) as CanvasGradient); // what these methods make
    else gradients[op[1]]?.addColorStop(op[2], op[3]);
  }
  return format === 'png' ? made.encode('png') : made.encode('jpeg', 90);
}
