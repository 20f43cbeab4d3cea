/** A picture as sharp opens it: nothing is decoded yet. */
import type { Sharp } from 'sharp';
import { sharp } from '../native.ts';
import type { ImageJob } from './job.ts';

/** Pictures of more pixels than this are refused before they are decoded. */
export const PIXEL_LIMIT = 100_000_000;

export function opened({ input, options }: ImageJob): Sharp {
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
