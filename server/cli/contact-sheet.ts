/** Several pictures on one sheet, in rows. */
import sharp from 'sharp';

const TILE = 320;
const GAP = 10;
const PAPER = '#e9e4d8';

/** PNG of pictures in reading order, in as many columns as rows or one more. */
export async function contactSheet(pictures: readonly Uint8Array[]): Promise<Uint8Array> {
  const columns = Math.ceil(Math.sqrt(pictures.length));
  const place = (i: number): number => GAP + i * (TILE + GAP);
  const tiles = await Promise.all(
    pictures.map((p) => sharp(p).resize(TILE, TILE, { fit: 'contain', background: PAPER }).png().toBuffer()),
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
