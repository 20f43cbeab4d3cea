/** Decodes pictures to RGB, whatever they were: gray, palette, 16 bit, turned by EXIF, translucent (over white). */
import { decode } from '../image/image.ts';
import type { Raster } from '../image/opaque.ts';

/** `label` names the picture in errors. Throws PICTURE_UNREADABLE, PICTURE_TOO_LARGE. */
export const decodePicture = (source: Uint8Array | string, label: string): Promise<Raster> =>
  decode(source, { failOn: 'error', pages: 1 }, label);
