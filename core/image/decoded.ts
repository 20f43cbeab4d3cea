/** Pictures as a colour-managed viewer shows them, at 8 bits: of every depth, cut a little at the end, larger than needed, or drawn. */
import type { Metadata, Sharp } from 'sharp';
import { failure, messageOf } from '../errors.ts';
import type { ImageJob } from './job.ts';
import { opaque, type Raster } from './opaque.ts';
import { opened, PIXEL_LIMIT } from './opened.ts';

/** Pixels of a JPEG that is made smaller while it is read. */
export const SHRUNK_LIMIT = 1_000_000_000;
/** Drawings without a size of their own, and those whose size is far from what models and people look at, are drawn with so many pixels a side. */
const DRAWN = { side: 1024, least: 256, most: 4096 };
/** What libvips draws SVG at unless told otherwise, and what it takes. */
const [PLAIN_DENSITY, LEAST_DENSITY, MOST_DENSITY] = [72, 1, 100_000];
/** Rows at the end of a cut JPEG that are missing, as a share of its height, before it counts as damaged. */
const MISSING = 0.05;

const withOptions = (job: ImageJob, options: ImageJob['options']): ImageJob => ({
  ...job,
  options: { ...job.options, ...options },
});

type Pixels = { readonly data: Uint8Array; readonly width: number; readonly height: number; readonly channels: number };
async function pixels(image: Sharp): Promise<Pixels> {
  const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

/** Numbers in 0..1 are tones, as everybody writes them who does not write a profile; larger ones are 8 or 16 bit. */
async function floats(image: Sharp, space: string): Promise<Pixels> {
  const { data, info } = await image
    .pipelineColourspace(space)
    .toColourspace(space)
    .raw({ depth: 'float' })
    .toBuffer({ resolveWithObject: true });
  const values = new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const factor = most <= 1 ? 255 : most <= 255 ? 1 : 255 / 65_535;
  const bytes = Uint8Array.from(values, (v) => Math.min(255, Math.max(0, Math.round(v * factor) || 0)));
  return { data: bytes, width: info.width, height: info.height, channels: info.channels };
}

/** The picture with what its header asks for. */
function managed(job: ImageJob, { depth, icc, space, format, width, height }: Metadata): Promise<Pixels> {
  const limit = job.options.limitInputPixels ?? PIXEL_LIMIT;
  if (format === 'svg') return pixels(drawn(job, Math.max(width, height)));
  const isFloat = depth === 'float' || depth === 'double';
  if (isFloat && !icc && (space === 'scrgb' || space === 'b-w')) return floats(opened(job).autoOrient(), space);
  if (format === 'jpeg' && width * height > limit && limit >= PIXEL_LIMIT) {
    // Halves of its size, until it fits: the reader leaves out what is not wanted.
    const halvings = Math.ceil(Math.log2(Math.sqrt((width * height) / limit)));
    const shrunk = opened(withOptions(job, { limitInputPixels: SHRUNK_LIMIT })).autoOrient();
    const sides = [width, height].map((side) => Math.ceil(side / 2 ** halvings)) as [number, number];
    return pixels(shrunk.resize(Math.max(...sides), Math.max(...sides), { fit: 'inside' }).toColourspace('srgb'));
  }
  const image = opened(job).autoOrient();
  // With a profile, libvips takes 16 bits through a space of 8 unless the pipeline is told its own (seen with 8.18: red 220 30 30 became 202 53 43).
  const deep = depth === 'ushort' && icc ? image.pipelineColourspace('srgb') : image;
  return pixels(deep.toColourspace('srgb'));
}

function drawn(job: ImageJob, nominal: number): Sharp {
  const near = nominal >= DRAWN.least && nominal <= DRAWN.most;
  const density = near ? PLAIN_DENSITY : (PLAIN_DENSITY * DRAWN.side) / nominal;
  const settings = { density: Math.min(MOST_DENSITY, Math.max(LEAST_DENSITY, density)) };
  return opened(withOptions(job, settings)).autoOrient().toColourspace('srgb');
}

/** Whether the last rows are the even grey that stands for what is missing. */
function endsInGrey({ data, width, height, channels }: Pixels): boolean {
  const from = Math.floor(height * (1 - MISSING)) * width * channels;
  return height >= 1 / MISSING && data.subarray(from).every((v) => Math.abs(v - 128) <= 2);
}

/** A JPEG whose last bytes are missing is shown, as every viewer does; one of which a part is missing is damaged. */
async function cut(job: ImageJob, header: Metadata, cause: unknown): Promise<Pixels> {
  if (header.format !== 'jpeg' || !/premature end/i.test(messageOf(cause))) throw cause;
  const found = await managed(withOptions(job, { failOn: 'none' }), header);
  if (endsInGrey(found)) throw cause;
  return found;
}

/** RGB, upright, over white. Throws PICTURE_TOO_LARGE, and what sharp throws. */
export async function decoded(job: ImageJob): Promise<Raster> {
  const header = await opened(withOptions(job, { limitInputPixels: SHRUNK_LIMIT })).metadata();
  const limit = job.options.limitInputPixels ?? PIXEL_LIMIT;
  const tooLarge = header.width * header.height > limit && header.format !== 'svg';
  if (tooLarge && (header.format !== 'jpeg' || limit < PIXEL_LIMIT))
    throw failure('PICTURE_TOO_LARGE', { picture: job.label, limit: `${limit / 1e6} million pixels` });
  const { data, width, height, channels } = await managed(job, header).catch((cause: unknown) =>
    cut(job, header, cause),
  );
  return { width, height, data: opaque(data, channels) };
}
