/** Works jobs off with sharp and the canvas, in this process. */
import type { Sharp } from 'sharp';
import { failure, LodestoneError, messageOf } from '../errors.ts';
import { canvas, sharp } from '../native.ts';
import type { ImageJob, Made, Metadata } from './job.ts';
import { opaque, type Raster } from './opaque.ts';
import type { SketchJob } from './sketch-job.ts';

/** Pictures of more pixels than this are refused before they are decoded. */
const PIXEL_LIMIT = 100_000_000;

function opened({ input, options }: ImageJob): Sharp {
  const settings = { limitInputPixels: PIXEL_LIMIT, ...options } as Parameters<ReturnType<typeof sharp>>[1]; // the schema allows less than sharp's types
  if ('path' in input) return sharp()(input.path, settings);
  if ('bytes' in input) return sharp()(input.bytes, settings);
  return 'pages' in input
    ? sharp()(
        input.pages.map((p) => Buffer.from(p.buffer, p.byteOffset, p.byteLength)),
        settings,
      )
    : sharp()(settings);
}

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
    if (job.end === 'decode') {
      const image = opened(job).autoOrient().toColourspace('srgb').raw({ depth: 'uchar' });
      const { data, info } = await image.toBuffer({ resolveWithObject: true });
      return { width: info.width, height: info.height, data: opaque(data, info.channels) };
    }
    const { data, info } = await taken(opened(job), job.steps).toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height, channels: info.channels, format: info.format };
  } catch (cause) {
    throw unreadable(job, cause);
  }
}

function unreadable({ label, options }: ImageJob, cause: unknown): LodestoneError {
  if (cause instanceof LodestoneError) return cause;
  const what = messageOf(cause);
  const limit = options.limitInputPixels ?? PIXEL_LIMIT;
  return what.includes('pixel limit')
    ? failure('PICTURE_TOO_LARGE', { picture: label, limit: `${limit / 1e6} million pixels` }, cause)
    : failure('PICTURE_UNREADABLE', { picture: label, what: what.split('\n')[0] ?? what }, cause);
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
