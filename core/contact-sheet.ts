/** Several pictures on one sheet, in rows. */
import { image } from './image/image.ts';

const PAPER = '#e9e4d8';

interface Layout {
  /** As many columns as rows, or one more, when absent. */
  readonly columns?: number;
  /** Side of a picture, and what lies between two, in pixels. */
  readonly tile?: number;
  readonly gap?: number;
}

export interface Sheet {
  /** PNG. */
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Pictures in reading order; there must be one at least. */
export async function contactSheet(
  pictures: readonly Uint8Array[],
  { columns = Math.ceil(Math.sqrt(pictures.length)), tile = 320, gap = 10 }: Layout = {},
): Promise<Sheet> {
  const place = (i: number): number => gap + i * (tile + gap);
  const tiles = await Promise.all(
    pictures.map((p) => image(p).resize(tile, tile, { fit: 'contain', background: PAPER }).png().toBuffer()),
  );
  const [width, height] = [place(Math.min(columns, pictures.length)), place(Math.ceil(pictures.length / columns))];
  const bytes = await image(undefined, { create: { width, height, channels: 3, background: PAPER } })
    .composite(tiles.map((input, i) => ({ input, left: place(i % columns), top: place(Math.floor(i / columns)) })))
    .png()
    .toBuffer();
  return { bytes, width, height };
}
