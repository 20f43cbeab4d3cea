/** Which kind of picture bytes are, whatever their file is called. */

/** Bytes at the beginning of a file that are enough to tell. */
export const HEAD_BYTES = 512;

const latin1 = (head: Uint8Array, from: number, to: number): string =>
  Buffer.from(head.subarray(from, to)).toString('latin1');
const SVG = /^(?:\uFEFF)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*(?:<!DOCTYPE[^>]*>\s*)?<(?:\w+:)?svg[\s>]/i;
/** Brands of ISO media files that hold pictures (ISO/IEC 23000-22, 23008-12). */
const AVIF = new Set(['avif', 'avis']);
const HEIF = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1']);

const OPENED = ['PNG', 'JPEG', 'WebP', 'GIF', 'AVIF', 'TIFF', 'SVG'] as const;
const CLOSED = ['HEIF', 'BMP', 'ICO', 'PSD', 'JPEG XL', 'JPEG 2000'] as const;
export type Kind = (typeof OPENED)[number] | (typeof CLOSED)[number];

/** Whether pictures of the kind can be opened. */
export const opens = (kind: Kind): boolean => OPENED.some((k) => k === kind);
export const OPENED_KINDS = `${OPENED.slice(0, -1).join(', ')} or ${OPENED.at(-1)}`;

const MARKS: readonly (readonly [mark: string, kind: Kind])[] = [
  ['\x89PNG', 'PNG'],
  ['\xff\xd8\xff', 'JPEG'],
  ['GIF8', 'GIF'],
  ['II*\0', 'TIFF'],
  ['MM\0*', 'TIFF'],
  ['II+\0', 'TIFF'],
  ['MM\0+', 'TIFF'],
  ['BM', 'BMP'],
  ['\0\0\x01\0', 'ICO'],
  ['8BPS', 'PSD'],
  ['\xff\x0a', 'JPEG XL'],
  ['\0\0\0\x0cJXL ', 'JPEG XL'],
  ['\0\0\0\x0cjP  ', 'JPEG 2000'],
];

/** `head` is the beginning of a file, `HEAD_BYTES` of it where it has as many. Undefined for what is no picture. */
export function kindOf(head: Uint8Array): Kind | undefined {
  const begins = latin1(head, 0, 12);
  const marked = MARKS.find(([mark]) => begins.startsWith(mark));
  if (marked) return marked[1];
  if (begins.startsWith('RIFF') && begins.endsWith('WEBP')) return 'WebP';
  if (begins.slice(4, 8) === 'ftyp') {
    const brands = Array.from({ length: 16 }, (_, i) => latin1(head, 8 + 4 * i, 12 + 4 * i));
    if (brands.some((b) => AVIF.has(b))) return 'AVIF';
    if (brands.some((b) => HEIF.has(b))) return 'HEIF';
  }
  return SVG.test(Buffer.from(head.subarray(0, HEAD_BYTES)).toString('utf8')) ? 'SVG' : undefined;
}
