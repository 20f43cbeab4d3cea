/** Drawers of shapes whose finished drawings can be put together, with how many shapes each draws by itself and how many it can hold. */
import { blobs, plotter, polygons, strokes } from '../../core/index.ts';

const counts = ({ usual, most }: { readonly usual: number; readonly most: number | null }) => ({
  usual,
  most: most ?? usual,
});

export const SHAPED = {
  strokes: counts({
    usual: strokes.settings.parse({}).strokes,
    most: strokes.settings.shape.strokes.unwrap().maxValue,
  }),
  blobs: counts({ usual: blobs.settings.parse({}).shapes, most: blobs.settings.shape.shapes.unwrap().maxValue }),
  polygons: counts({
    usual: polygons.settings.parse({}).polygons,
    most: polygons.settings.shape.polygons.unwrap().maxValue,
  }),
  plotter: counts({ usual: plotter.settings.parse({}).lines, most: plotter.settings.shape.lines.unwrap().maxValue }),
} as const;
export type Shaped = keyof typeof SHAPED;

export const isShaped = (drawer: string): drawer is Shaped => drawer in SHAPED;

const { colours: COLOURS } = strokes.settings.parse({});
/** Colours of one thing, and how many things a palette has room for. */
export const PALETTE = {
  colours: COLOURS,
  things: Math.floor((strokes.settings.shape.colours.unwrap().maxValue ?? COLOURS) / COLOURS),
} as const;
