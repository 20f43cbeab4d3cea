/** The drawer that is asked for, made ready for a run. */
import type { z } from 'zod';
import {
  aspectOf,
  assembled,
  type Beginning,
  beginningOf,
  begunAgain,
  begunAs,
  blobs,
  blocks,
  canvasExtent,
  type Drawer,
  decodePicture,
  drawingSvg,
  failure,
  field,
  forScene,
  fourier,
  glyphs,
  inpaint,
  onPaper,
  type PluginContext,
  pixels,
  plotter,
  polygons,
  type ReadyDrawing,
  type Region,
  readyDrawer,
  type Sizes,
  sizesFor,
  strokes,
  tiles,
  type Values,
} from '../../core/index.ts';
import type { Parameters } from './parameters.ts';
import { isScene, thingsOf } from './scene.ts';
import { isShaped, PALETTE, SHAPED, type Shaped } from './shaped.ts';

/** A drawing that has been finished, where it belongs on the canvas of all, and the sizes that it was drawn at. */
export interface Thing {
  readonly values: Values;
  readonly place: Region;
  readonly sizes: Sizes;
}

export interface Ready extends ReadyDrawing {
  readonly extent: { readonly height: number; readonly width: number };
  /** The beginning that another seed gives. */
  readonly again: (seed: number) => Beginning;
  /** What a drawing that holds them all begins with: several that this drawer has made, put together. */
  readonly together: (things: readonly Thing[], whole: Sizes) => Values;
}

/** Share of the usual number of shapes that each thing of a scene is drawn with. */
const OF_A_THING = 0.6;

/** How many shapes a drawer draws; each of several things has a share of them, and no more than there is room for. */
function countOf(p: Parameters, drawer: Shaped): { readonly each: number; readonly things: number } {
  const { usual, most } = SHAPED[drawer];
  const [count, things] = [p.count > 0 ? p.count : usual, thingsOf(p).length];
  if (things === 0) return { each: count, things: 1 };
  return { each: Math.max(1, Math.min(Math.round(OF_A_THING * count), Math.floor(most / things))), things };
}
const allOf = (p: Parameters, drawer: Shaped): number => {
  const { each, things } = countOf(p, drawer);
  return things * each;
};

/** The parameters by which one thing of a scene is drawn alone. */
export const aloneAs = (p: Parameters, seed: number): Parameters => ({
  ...p,
  seed,
  layout: false,
  prompt: '',
  ...(isShaped(p.drawer) ? { count: countOf(p, p.drawer).each } : {}),
});

/** The drawer with the parameters that concern it, at sizes of its own where they are given. */
export async function ready(
  p: Parameters,
  context: PluginContext,
  sizes = sizesFor(p.size, aspectOf(p.aspect)),
): Promise<Ready> {
  const made = <S extends z.ZodType>(own: Drawer<S>, given: z.input<S>, at = sizes): Ready => {
    const drawer = onPaper(own, p.paper);
    const first = readyDrawer(drawer, given, p.seed, at);
    return {
      drawer: begunAs(p.beginning, first, p.seed),
      again: (seed) => beginningOf(begunAs(p.beginning, begunAgain(first, drawer, given, seed, at), seed)),
      extent: canvasExtent(drawer, at),
      svg: (values, progress) => drawingSvg(drawer, given, p.seed, at, values, progress),
      together: (things, whole) =>
        assembled(
          own,
          things.map((thing) => ({ ...thing, settings: given })),
          whole,
        ),
    };
  };
  const { symmetry, folds } = p;
  switch (p.drawer) {
    case 'strokes': {
      const colours = countOf(p, 'strokes').things * PALETTE.colours;
      const given = { strokes: allOf(p, 'strokes'), colours, symmetry, folds };
      // Flat shapes gain nothing by a finer canvas: they fall into splinters.
      return made(isScene(p) ? forScene(strokes) : strokes, given);
    }
    case 'blobs':
      return made(blobs, { shapes: allOf(p, 'blobs') });
    case 'polygons':
      return made(polygons, { polygons: allOf(p, 'polygons') });
    case 'plotter':
      return made(plotter, { lines: allOf(p, 'plotter'), symmetry, folds });
    case 'glyphs':
      return made(glyphs, { ...(p.count > 0 ? { glyphs: p.count } : {}), text: p.text });
    case 'blocks':
      return made(blocks, { palette: p.palette });
    case 'field':
      return made(field, { symmetry, folds });
    case 'tiles':
      return made(tiles, {});
    case 'pixels':
      return made(pixels, {});
    case 'fourier':
      return made(fourier, {});
    case 'inpaint': {
      const [picture, mask] = [await raster(p.start, 'start', context), await raster(p.mask, 'mask', context)];
      checkMask(picture, mask);
      return made(inpaint, { picture, mask }, sizesFor(p.size, picture.width / picture.height));
    }
  }
}

type Raster = Awaited<ReturnType<typeof decodePicture>>;
/** Throws MASK_INVALID when the mask is of another shape than the picture. */
function checkMask(picture: Raster, mask: Raster): void {
  if (Math.abs((mask.width * picture.height) / (mask.height * picture.width) - 1) > 0.1)
    throw failure('MASK_INVALID', {
      mask: 'The mask',
      what: `it is ${mask.width} x ${mask.height}, and the picture ${picture.width} x ${picture.height}`,
    });
}

async function raster(paths: readonly string[], name: string, { pictures }: PluginContext): Promise<Raster> {
  const [picture] = paths.length > 0 ? await pictures(paths) : [];
  if (!picture)
    throw failure('PARAMETER_INVALID', {
      plugin: 'guide',
      what: `${name}: "inpaint" changes a picture, so it wants one here`,
    });
  return decodePicture('path' in picture ? picture.path : picture.bytes, name);
}
