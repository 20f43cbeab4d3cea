/** Several pictures on one sheet, in rows. */
import sharp from 'sharp';

const PAPER = '#e9e4d8';

interface Layout {
  /** As many columns as rows, or one more, when absent. */
  readonly columns?: number;
  /** Side of a picture, and what lies between two, in pixels. */
  readonly tile?: number;
  readonly gap?: number;
}

/** PNG of pictures in reading order. */
export async function contactSheet(
  pictures: readonly Uint8Array[],
  { columns = Math.ceil(Math.sqrt(pictures.length)), tile = 320, gap = 10 }: Layout = {},
): Promise<Uint8Array> {
  const place = (i: number): number => gap + i * (tile + gap);
  const tiles = await Promise.all(
    pictures.map((p) => sharp(p).resize(tile, tile, { fit: 'contain', background: PAPER }).png().toBuffer()),
  );
  return sharp({
    create: {
      width: place(Math.min(columns, pictures.length)),
      height: place(Math.ceil(pictures.length / columns)),
      channels: 3,
      background: PAPER,
    },
  })
    .composite(tiles.map((input, i) => ({ input, left: place(i % columns), top: place(Math.floor(i / columns)) })))
    .png()
    .toBuffer();
}
