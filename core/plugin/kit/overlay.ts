/** Pictures with something laid over them: heat, boxes. */
import type { PictureSource } from '../../engine/requests.ts';
import { pictureName } from '../../engine/requests.ts';
import { image } from '../../image/image.ts';

export interface Heat {
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns] */
  readonly data: Float32Array;
}
/** In shares of the picture. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const PIXEL_LIMIT = 100_000_000;
const LARGEST = 768;
/** Share of places that are less hot than what is shown as hottest. */
const HOT = 0.985;

/** A picture upright on white, its longer side at most `longest` pixels. Throws PICTURE_UNREADABLE. */
export async function upright(
  picture: PictureSource,
  longest = LARGEST,
): Promise<{ readonly bytes: Uint8Array; readonly width: number; readonly height: number }> {
  const options = { limitInputPixels: PIXEL_LIMIT, pages: 1 };
  const { data, width, height } = await image(
    'path' in picture ? picture.path : picture.bytes,
    options,
    pictureName(picture),
  )
    .autoOrient()
    .resize(longest, longest, { fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#fff' })
    .toColourspace('srgb')
    .png()
    .made();
  return { bytes: data, width, height };
}

/** A picture in the middle of a white square of `side` pixels, and where it lies there in shares of the square. */
export async function squared(
  picture: PictureSource,
  side: number,
): Promise<{ readonly bytes: Uint8Array; readonly inside: Box }> {
  const { bytes, width, height } = await upright(picture);
  const longest = Math.max(width, height);
  const [x, y] = [(1 - width / longest) / 2, (1 - height / longest) / 2];
  const square = await image(bytes)
    .resize(side, side, { fit: 'contain', background: '#fff', kernel: 'lanczos3' })
    .png()
    .toBuffer();
  return { bytes: square, inside: { left: x, top: y, right: 1 - x, bottom: 1 - y } };
}

/** The part of a map over a square that lies on the picture, scaled to 0..1. */
export function cutHeat({ rows, columns, data }: Heat, inside: Box, size: number): Heat {
  const [wide, tall] = [
    Math.max(1, Math.round(size * (inside.right - inside.left))),
    Math.max(1, Math.round(size * (inside.bottom - inside.top))),
  ];
  const out = new Float32Array(wide * tall);
  for (let y = 0; y < tall; y++)
    for (let x = 0; x < wide; x++) {
      const u = (inside.left + ((x + 0.5) / wide) * (inside.right - inside.left)) * columns - 0.5;
      const v = (inside.top + ((y + 0.5) / tall) * (inside.bottom - inside.top)) * rows - 0.5;
      out[y * wide + x] = between({ rows, columns, data }, u, v);
    }
  // A few places that stand far above all others would leave everything else unseen.
  const order = out.toSorted();
  const highest = order[Math.floor(HOT * (order.length - 1))] || order.at(-1) || 1;
  return { rows: tall, columns: wide, data: out.map((v) => Math.min(1, Math.max(0, v) / highest)) };
}

/** A map between the middles of its cells, linearly. */
function between({ rows, columns, data }: Heat, u: number, v: number): number {
  const at = (x: number, y: number): number =>
    data[Math.min(rows - 1, Math.max(0, y)) * columns + Math.min(columns - 1, Math.max(0, x))] ?? 0;
  const [x, y] = [Math.floor(u), Math.floor(v)];
  const [fx, fy] = [u - x, v - y];
  const top = at(x, y) * (1 - fx) + at(x + 1, y) * fx;
  const bottom = at(x, y + 1) * (1 - fx) + at(x + 1, y + 1) * fx;
  return top * (1 - fy) + bottom * fy;
}

/** Colours from nothing to everything: dark violet, red, yellow (after matplotlib's inferno, in three stops). */
function flame(share: number): [number, number, number] {
  const stops = [
    [40, 11, 84],
    [229, 92, 48],
    [252, 255, 164],
  ] as const;
  const place = Math.min(0.9999, Math.max(0, share)) * 2;
  const [from, to] = [stops[Math.floor(place)] ?? stops[0], stops[Math.floor(place) + 1] ?? stops[2]];
  const part = place % 1;
  return [0, 1, 2].map((c) => Math.round((from[c] ?? 0) * (1 - part) + (to[c] ?? 0) * part)) as [
    number,
    number,
    number,
  ];
}

interface Laid {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A picture in grey with a map over it in colour, stronger where it is hotter: PNG. */
export async function withHeat({ bytes, width, height }: Laid, heat: Heat): Promise<Uint8Array> {
  const rgba = new Uint8Array(4 * heat.rows * heat.columns);
  for (const [i, v] of heat.data.entries()) rgba.set([...flame(v), Math.round(215 * Math.min(1, v) ** 0.7)], 4 * i);
  const layer = await image(rgba, { raw: { width: heat.columns, height: heat.rows, channels: 4 } })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .png()
    .toBuffer();
  const grey = await image(bytes).greyscale().toColourspace('srgb').png().toBuffer();
  return image(grey)
    .composite([{ input: layer }])
    .png()
    .toBuffer();
}

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** A picture with boxes around what was found, each with its words: PNG. */
export async function withBoxes(
  { bytes, width, height }: Laid,
  boxes: readonly (Box & { readonly label: string })[],
): Promise<Uint8Array> {
  const colours = ['#e0563a', '#2f7fd6', '#2f9e5b', '#c47f10', '#8a56c9', '#d0488a'];
  const labels = [...new Set(boxes.map((b) => b.label.split(' · ')[0] ?? ''))];
  const line = Math.max(2, Math.round(Math.max(width, height) / 250));
  const size = Math.max(11, Math.round(Math.max(width, height) / 36));
  const drawn = boxes.map((b) => {
    const colour = colours[labels.indexOf(b.label.split(' · ')[0] ?? '') % colours.length];
    const [x, y, w, h] = [b.left * width, b.top * height, (b.right - b.left) * width, (b.bottom - b.top) * height];
    const tall = size * 1.4;
    const above = y > tall ? y - tall : y;
    return `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="none" stroke="${colour}" stroke-width="${line}"/>
<rect x="${x}" y="${above}" width="${b.label.length * size * 0.6 + 8}" height="${tall}" fill="${colour}"/>
<text x="${x + 4}" y="${above + size * 1.05}" font-family="system-ui, DejaVu Sans, sans-serif" font-size="${size}" fill="#fff">${escaped(b.label)}</text>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${drawn.join('\n')}</svg>`;
  return image(bytes)
    .composite([{ input: Buffer.from(svg) }])
    .png()
    .toBuffer();
}

/** A small WebP of a picture, for reports. */
export async function thumbnail(picture: PictureSource, side = 160): Promise<Uint8Array> {
  const { bytes } = await upright(picture, side);
  return image(bytes).webp({ quality: 80 }).toBuffer();
}
