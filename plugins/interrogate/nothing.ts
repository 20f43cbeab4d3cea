/** Pictures of nothing: plain colours, gradients, patterns and noise. What is named in them is what a model names when there is nothing to name. */
import { image, seeded } from '../../core/index.ts';

const SIDE = 96;
const COLOURS = ['#808080', '#ffffff', '#101010', '#c03020', '#2050c0', '#30a050', '#e0c040', '#b090d0'];
const SEED = 5;
/** Sides of the squares that noise is made of, in pixels. */
const GRAINS = [1, 4, 12];

const svg = (inside: string): Uint8Array =>
  new TextEncoder().encode(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}" viewBox="0 0 ${SIDE} ${SIDE}">${inside}</svg>`,
  );
const filled = (fill: string): string => `<rect width="${SIDE}" height="${SIDE}" fill="${fill}"/>`;
const pair = (i: number): readonly [string, string] => [
  COLOURS[i % COLOURS.length] ?? '',
  COLOURS[(i + 3) % COLOURS.length] ?? '',
];

const gradient = (i: number, shape: 'linear' | 'radial'): Uint8Array => {
  const [from, to] = pair(i);
  return svg(
    `<defs><${shape}Gradient id="g"><stop stop-color="${from}"/><stop offset="1" stop-color="${to}"/></${shape}Gradient></defs>${filled('url(#g)')}`,
  );
};
/** Stripes, checks and dots, so wide. */
const pattern = (i: number, wide: number): Uint8Array => {
  const [from, to] = pair(i);
  const tiles = [
    `<rect width="${wide}" height="${2 * wide}" fill="${to}"/>`,
    `<rect width="${wide}" height="${wide}" fill="${to}"/><rect x="${wide}" y="${wide}" width="${wide}" height="${wide}" fill="${to}"/>`,
    `<circle cx="${wide}" cy="${wide}" r="${wide / 2}" fill="${to}"/>`,
  ];
  return svg(
    `<defs><pattern id="p" width="${2 * wide}" height="${2 * wide}" patternUnits="userSpaceOnUse">${tiles[i % tiles.length]}</pattern></defs>${filled(from)}${filled('url(#p)')}`,
  );
};

async function noise(grain: number, colourful: boolean): Promise<Uint8Array> {
  const random = seeded(SEED + grain);
  const side = Math.ceil(SIDE / grain);
  const data = new Uint8Array(3 * side * side);
  for (let i = 0; i < side * side; i++) {
    const grey = 255 * random();
    for (let c = 0; c < 3; c++) data[3 * i + c] = colourful ? 255 * random() : grey;
  }
  return image(data, { raw: { width: side, height: side, channels: 3 } })
    .resize(SIDE, SIDE, { fit: 'fill', kernel: 'nearest' })
    .png()
    .toBuffer();
}

/** The same ones every time. */
export async function nothings(): Promise<{ readonly bytes: Uint8Array; readonly name: string }[]> {
  const all = [
    ...COLOURS.map((colour) => svg(filled(colour))),
    ...COLOURS.slice(0, 4).map((_, i) => gradient(i, 'linear')),
    ...COLOURS.slice(0, 4).map((_, i) => gradient(i, 'radial')),
    ...[4, 8, 16].flatMap((wide) => [0, 1, 2].map((i) => pattern(i, wide))),
    ...(await Promise.all(GRAINS.flatMap((grain) => [noise(grain, false), noise(grain, true)]))),
  ];
  return all.map((bytes, i) => ({ bytes, name: `nothing ${i + 1}` }));
}
