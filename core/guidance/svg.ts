/** Drawings of shapes as SVG: any size, and for plotters one layer a colour. */
import type { Plane } from './plane.ts';

type Colour = readonly [number, number, number];

/** A path in units of the plane, filled, or stroked when it has a width. */
export interface SvgShape {
  /** SVG path data. */
  readonly path: string;
  /** sRGB, 0..1. */
  readonly colour: Colour;
  /** 0..1 */
  readonly opacity: number;
  readonly width?: number;
  /** Edges that meet others of its kind: they are not softened, or the paper would show between them. */
  readonly crisp?: boolean;
}

interface Sheet {
  readonly plane: Plane;
  /** Size that it is shown at, in pixels. */
  readonly height: number;
  readonly width: number;
  readonly paper: Colour;
}

/** sRGB, 0..1, of a colour like #1a2b3c. */
export const channelsOf = (hex: string): number[] =>
  [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255);
const hex = (colour: Colour): string =>
  `#${colour
    .map((c) =>
      Math.round(255 * Math.min(1, Math.max(0, c)))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
/** A number of a path; five digits are finer than any print. */
const short = (x: number): string => String(Number(x.toFixed(5)));
export const point = (x: number, y: number): string => `${short(x)} ${short(y)}`;

/** Shapes that are not seen are left out. */
const FAINTEST = 1 / 512;

function element({ path, colour, opacity, width, crisp }: SvgShape): string {
  const shade = opacity < 1 ? ` ${width === undefined ? 'fill' : 'stroke'}-opacity="${short(opacity)}"` : '';
  const edges = crisp ? ' shape-rendering="crispEdges"' : '';
  if (width === undefined) return `<path d="${path}" fill="${hex(colour)}"${shade}${edges}/>`;
  return `<path d="${path}" fill="none" stroke="${hex(colour)}" stroke-width="${short(width)}" stroke-linecap="round" stroke-linejoin="round"${shade}/>`;
}

/** Painted in order. Shapes of one colour that follow each other share a layer (Inkscape's groups), as plotters want them. */
export function writeSvg(shapes: readonly SvgShape[], { plane, height, width, paper }: Sheet): string {
  const layers: { colour: string; elements: string[] }[] = [];
  for (const shape of shapes) {
    if (shape.opacity < FAINTEST) continue;
    const colour = hex(shape.colour);
    const last = layers.at(-1);
    if (last?.colour === colour) last.elements.push(element(shape));
    else layers.push({ colour, elements: [element(shape)] });
  }
  const box = `0 0 ${short(plane.width)} ${short(plane.height)}`;
  const groups = layers.map(
    ({ colour, elements }, i) =>
      `<g inkscape:groupmode="layer" inkscape:label="${i + 1} ${colour}">\n${elements.join('\n')}\n</g>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" width="${width}" height="${height}" viewBox="${box}">`,
    `<rect width="100%" height="100%" fill="${hex(paper)}"/>`,
    ...groups,
    '</svg>\n',
  ].join('\n');
}

/** An SVG with a picture over all of it, in a layer of its own. */
export function pictureOver(svg: string, png: Uint8Array): string {
  const [, , width = '1', height = '1'] = /viewBox="([^"]*)"/.exec(svg)?.[1]?.split(' ') ?? [];
  const layer = [
    '<g inkscape:groupmode="layer" inkscape:label="what was kept">',
    `<image width="${width}" height="${height}" preserveAspectRatio="none" href="data:image/png;base64,${Buffer.from(png).toString('base64')}"/>`,
    '</g>',
  ].join('\n');
  return svg.replace(/<\/svg>\s*$/, `${layer}\n</svg>\n`);
}
