/** CLIP-guided creation: words pull on a drawing until it matches them. */
import { z } from 'zod';
import type { Drawer, PluginContext, ReadyDrawer } from '../core/index.ts';
import {
  aspectField,
  aspectOf,
  blobs,
  blocks,
  canvasExtent,
  decodePicture,
  definePlugin,
  drawingSvg,
  failure,
  field,
  fourier,
  guidanceSettingsSchema,
  guideEvents,
  inpaint,
  PULL_NAMES,
  parsePrompt,
  parsePulls,
  picturesField,
  pixels,
  plotter,
  polygons,
  promptField,
  readyDrawer,
  seedField,
  sizeField,
  sizesFor,
  stepsField,
  strokes,
  tiles,
} from '../core/index.ts';

const settings = guidanceSettingsSchema.shape;
const advanced = true;

const parameters = z.object({
  prompt: promptField({
    description:
      'Parts between bars, each with what it needs: a red heart:2 | blurry:-0.5 | the sun @top-left | a bud -> a flower | [style:ink.png]',
  }),
  drawer: z
    .enum(['strokes', 'blobs', 'polygons', 'plotter', 'blocks', 'field', 'tiles', 'pixels', 'fourier', 'inpaint'])
    .default('strokes')
    .meta({
      title: 'Drawer',
      description:
        'What the picture is made of: brush strokes, soft shapes, polygons, pen lines, pixel art, a neural field, seamless tiles, pixels, waves, or the painted part of a picture',
    }),
  steps: stepsField(),
  seed: seedField(),
  size: sizeField(),
  aspect: aspectField(),
  count: z.int().min(0).max(512).default(0).meta({
    title: 'Count',
    description: 'How many strokes, shapes, polygons or lines; 0 leaves it to the drawer',
  }),
  palette: blocks.settings.shape.palette.meta({ title: 'Palette', description: 'Colours of pixel art', advanced }),
  symmetry: field.settings.shape.symmetry.meta({ title: 'Symmetry', description: 'Of a neural field', advanced }),
  folds: field.settings.shape.folds.meta({ title: 'Folds', description: 'For rotation and kaleidoscope', advanced }),
  start: picturesField({
    title: 'Start',
    description:
      'A picture to begin from: the drawing is fitted to it first; for "inpaint" the picture that is changed',
    positional: false,
    advanced,
  })
    .max(1)
    .default([]),
  mask: picturesField({
    title: 'Mask',
    description: 'For "inpaint": bright where the picture may change',
    positional: false,
    advanced,
  })
    .max(1)
    .default([]),
  crops: settings.crops.meta({ title: 'Crops', description: 'How many views CLIP takes in each step', advanced }),
  contrast: settings.contrast.meta({
    title: 'Contrast',
    description: 'How much it matters to be told apart from other things',
    advanced,
  }),
  distance: settings.distance.meta({
    title: 'Closeness',
    description: 'How much it matters to be close to the words',
    advanced,
  }),
  rate: settings.rate.meta({ title: 'Boldness', description: 'Factor on the size of every move', advanced }),
  optimiser: settings.optimiser.meta({ title: 'Optimiser', description: 'How a gradient becomes a move', advanced }),
  pulls: z
    .string()
    .max(2000)
    .default('')
    .meta({
      title: 'Pulls',
      description: `Beside the words, each with a weight: ${PULL_NAMES.join(', ')}; as in symmetry:2 | smooth:0.5`,
      advanced,
    }),
  patience: settings.patience.meta({
    title: 'Patience',
    description: 'Steps without a gain after which it ends early; 0 for never',
    advanced,
  }),
});
type Parameters = z.output<typeof parameters>;

const FIT_SHARE = 0.25;
const FIT_LIMIT = 100;

interface Ready {
  readonly drawer: ReadyDrawer;
  readonly extent: { readonly height: number; readonly width: number };
  readonly svg: (values: Readonly<Record<string, Float32Array>>) => string | undefined;
}

/** The drawer that is asked for, with the parameters that concern it. */
async function ready(p: Parameters, context: PluginContext): Promise<Ready> {
  const made = <S extends z.ZodType>(
    drawer: Drawer<S>,
    given: z.input<S>,
    sizes = sizesFor(p.size, aspectOf(p.aspect)),
  ): Ready => ({
    drawer: readyDrawer(drawer, given, p.seed, sizes),
    extent: canvasExtent(drawer, sizes),
    svg: (values) => drawingSvg(drawer, given, p.seed, sizes, values),
  });
  const count = <K extends string>(name: K): { [key in K]?: number } =>
    p.count > 0 ? ({ [name]: p.count } as { [key in K]?: number }) : {};
  switch (p.drawer) {
    case 'strokes':
      return made(strokes, count('strokes'));
    case 'blobs':
      return made(blobs, count('shapes'));
    case 'polygons':
      return made(polygons, count('polygons'));
    case 'plotter':
      return made(plotter, count('lines'));
    case 'blocks':
      return made(blocks, { palette: p.palette });
    case 'field':
      return made(field, { symmetry: p.symmetry, folds: p.folds });
    case 'tiles':
      return made(tiles, {});
    case 'pixels':
      return made(pixels, {});
    case 'fourier':
      return made(fourier, {});
    case 'inpaint': {
      const [picture, mask] = [await raster(p.start, 'start', context), await raster(p.mask, 'mask', context)];
      return made(inpaint, { picture, mask }, sizesFor(p.size, picture.width / picture.height));
    }
  }
}

async function raster(
  paths: readonly string[],
  name: string,
  { pictures }: PluginContext,
): ReturnType<typeof decodePicture> {
  const [picture] = paths.length > 0 ? await pictures(paths) : [];
  if (!picture)
    throw failure('PARAMETER_INVALID', {
      plugin: 'guide',
      what: `${name}: "inpaint" changes a picture, so it wants one here`,
    });
  return decodePicture('path' in picture ? picture.path : picture.bytes, name);
}

export default definePlugin({
  id: 'guide',
  title: 'Guide',
  description:
    'Draws a picture of the prompt under the exact gradient of CLIP: strokes, shapes, lines, pixel art and more.',
  version: '2.0.0',
  steerable: true,
  parameters,
  async *run(p, context) {
    const { prompt, seed, steps, crops, contrast, distance, rate, optimiser, patience, pulls } = p;
    const prompts = parsePrompt(prompt, context.random);
    const { drawer, extent, svg } = await ready(p, context);
    const [picture] = p.start.length > 0 && p.drawer !== 'inpaint' ? await context.pictures(p.start) : [];
    const fit = Math.min(FIT_LIMIT, Math.ceil(steps * FIT_SHARE));
    yield* guideEvents(
      context,
      prompt,
      {
        drawer,
        prompts,
        settings: guidanceSettingsSchema.parse({ seed, steps, crops, contrast, distance, rate, optimiser, patience }),
        losses: await parsePulls(pulls, extent, context),
      },
      { svg, ...(picture ? { start: { picture, steps: fit } } : {}) },
    );
  },
});
