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

/** Settings of drawers of shapes: how many, and, for a drawing that holds several things, the colours of all. */
function shapesOf(p: Parameters, usual: number): { readonly count: number; readonly things: number } {
  const [count, things] = [p.count > 0 ? p.count : usual, thingsOf(p).length];
  return things === 0 ? { count, things: 1 } : { count: things * countOfThing(count), things };
}
const countOfThing = (count: number): number => Math.max(1, Math.round(OF_A_THING * count));
const USUAL = {
  strokes: strokes.settings.parse({}).strokes,
  blobs: blobs.settings.parse({}).shapes,
  polygons: polygons.settings.parse({}).polygons,
  plotter: plotter.settings.parse({}).lines,
} as const;
const COLOURS = strokes.settings.parse({}).colours;

/** The parameters by which one thing of a scene is drawn alone. */
export const aloneAs = (p: Parameters, seed: number): Parameters => {
  const usual = p.drawer in USUAL ? USUAL[p.drawer as keyof typeof USUAL] : 0; // looked up where it is one of its names
  return { ...p, seed, layout: false, prompt: '', count: countOfThing(p.count > 0 ? p.count : usual) };
};

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
      const { count, things } = shapesOf(p, USUAL.strokes);
      const given = { strokes: count, colours: things * COLOURS, symmetry, folds };
      // Flat shapes gain nothing by a finer canvas: they fall into splinters.
      return made(isScene(p) ? forScene(strokes) : strokes, given);
    }
    case 'blobs':
      return made(blobs, { shapes: shapesOf(p, USUAL.blobs).count });
    case 'polygons':
      return made(polygons, { polygons: shapesOf(p, USUAL.polygons).count });
    case 'plotter':
      return made(plotter, { lines: shapesOf(p, USUAL.plotter).count, symmetry, folds });
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
