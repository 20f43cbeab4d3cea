/** Views of a drawing that guided none of it: the whole, its mirror image and parts of it, the same for every drawing. */
import { image } from '../image/image.ts';
import type { Extent } from './plane.ts';
import type { Region } from './prompt/regions.ts';

/** Bytes of red, green and blue, row by row. */
export interface Raw extends Extent {
  readonly data: Uint8Array;
}

/** A square in shares of the largest one that the canvas holds, and where it lies in what is left, 0..1. */
interface Look {
  readonly share: number;
  readonly x: number;
  readonly y: number;
  readonly mirrored?: true;
}
const LOOKS: readonly Look[] = [
  { share: 1, x: 0.5, y: 0.5 },
  { share: 0.88, x: 0.5, y: 0.5, mirrored: true },
  { share: 0.88, x: 0, y: 0 },
  { share: 0.88, x: 1, y: 1 },
  { share: 1, x: 0.5, y: 0.5, mirrored: true },
  { share: 0.88, x: 1, y: 0, mirrored: true },
  { share: 0.88, x: 0, y: 1, mirrored: true },
  { share: 0.8, x: 0.5, y: 0.5 },
];
/** Views by which a finished drawing is judged. */
export const ALL_VIEWS = LOOKS.length;

interface Box {
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

/** The square around a region, within the canvas; the whole canvas has none. */
function around({ width, height }: Extent, region: Region): Box {
  const [wide, tall] = [(region.right - region.left) * width, (region.bottom - region.top) * height];
  const side = Math.min(width, height, Math.max(wide, tall));
  const place = (middle: number, size: number): number => Math.min(size - side, Math.max(0, middle - side / 2));
  return {
    side,
    left: place(((region.left + region.right) / 2) * width, width),
    top: place(((region.top + region.bottom) / 2) * height, height),
  };
}

function looked(canvas: Extent, { share, x, y }: Look, region: Region | undefined): Box {
  const box = region && around(canvas, region);
  const side = share * (box?.side ?? Math.min(canvas.width, canvas.height));
  const [left, top] = [box?.left ?? 0, box?.top ?? 0];
  const [wide, tall] = [box?.side ?? canvas.width, box?.side ?? canvas.height];
  return { side, left: left + x * (wide - side), top: top + y * (tall - side) };
}

/** The first `count` views of a drawing, or of a region of it, as PNG; squares, so that no model cuts anything off. */
export async function freshViews(drawing: Raw, count: number, region?: Region): Promise<Uint8Array[]> {
  const { data, width, height } = drawing;
  return Promise.all(
    LOOKS.slice(0, count).map(async (look) => {
      const { left, top, side } = looked(drawing, look, region);
      const size = Math.max(1, Math.round(side));
      const at = (from: number, most: number): number => Math.max(0, Math.min(most - size, Math.round(from)));
      const box = { left: at(left, width), top: at(top, height), width: size, height: size };
      const seen = image(data, { raw: { width, height, channels: 3 } }).extract(box);
      return (look.mirrored ? seen.flop() : seen).png({ compressionLevel: 1 }).toBuffer();
    }),
  );
}
