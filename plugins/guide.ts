/** CLIP-guided creation: words pull on a drawing until it matches them. */
import { z } from 'zod';
import type { Direction, Drawer, PluginContext, PluginEvent, ReadyDrawing } from '../core/index.ts';
import {
  aspectField,
  aspectOf,
  type Beginning,
  beginningOf,
  begunAgain,
  begunAs,
  blobs,
  blocks,
  canvasExtent,
  decodePicture,
  definePlugin,
  drawingSvg,
  failure,
  field,
  forScene,
  fourier,
  glyphs,
  guidanceSettingsSchema,
  guideEvents,
  inpaint,
  issuesOf,
  layoutsOf,
  lookersOf,
  onPaper,
  type Prompt,
  PULL_NAMES,
  parsePrompt,
  parsePulls,
  picturesField,
  pixels,
  plotter,
  polygons,
  promptField,
  readyDrawer,
  Several,
  seeded,
  seedField,
  seedFor,
  sizeField,
  sizesFor,
  stepsField,
  strokes,
  tiles,
} from '../core/index.ts';

const settings = guidanceSettingsSchema.shape;
const TRIES = 3;
const advanced = true;

const parameters = z.object({
  prompt: promptField({
    description:
      'Parts between bars, each with what it needs: a red heart:2 | blurry:-0.5 | the sun @top-left | a bud -> a flower | rain @50%-100% | [style:ink.png]',
  }),
  drawer: z
    .enum([
      'strokes',
      'blobs',
      'polygons',
      'plotter',
      'glyphs',
      'blocks',
      'field',
      'tiles',
      'pixels',
      'fourier',
      'inpaint',
    ])
    .default('strokes')
    .meta({
      title: 'Drawer',
      description:
        'What the picture is made of: brush strokes, soft shapes, polygons, pen lines, letters and emoji, pixel art, a neural field, seamless tiles, pixels, waves, or the painted part of a picture',
    }),
  steps: stepsField().default(160),
  seed: seedField(),
  size: sizeField(),
  aspect: aspectField(),
  count: z.int().min(0).max(512).default(0).meta({
    title: 'Count',
    description: 'How many strokes, shapes, polygons, lines or glyphs; 0 leaves it to the drawer',
  }),
  text: glyphs.settings.shape.text.meta({ title: 'Text', description: 'Letters or emoji to draw with, taken in turn' }),
  palette: blocks.settings.shape.palette.meta({ title: 'Palette', description: 'Colours of pixel art', advanced }),
  paper: z
    .string()
    .regex(/^(?:#[0-9a-f]{6})?$/i, 'a colour like #1a2b3c, or nothing')
    .default('')
    .meta({
      title: 'Paper',
      description:
        'What is drawn on: a colour like #101426 for what stands out on a dark ground; the own one when empty',
      advanced,
    }),
  symmetry: field.settings.shape.symmetry.meta({
    title: 'Symmetry',
    description: 'Of brush strokes, pen lines and neural fields',
    advanced,
  }),
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
  beginning: z.enum(['usual', 'blank', 'noise']).default('usual').meta({
    title: 'Beginning',
    description: 'What the drawing is before the first step: as its drawer has it, empty paper, or chance',
    advanced,
  }),
  tries: z.int().min(1).max(8).default(TRIES).meta({
    title: 'Tries',
    description: 'How many beginnings are drawn for a while; the one that the eye that judges likes best goes on',
    advanced,
  }),
  layout: z.boolean().default(true).meta({
    title: 'Layout',
    description:
      'Of a prompt of two things, as in "a cat under the moon": each pulls in a place of its own, and the tries are ways to lay them out',
    advanced,
  }),
  renewals: z.int().min(0).max(64).default(10).meta({
    title: 'Renewals',
    description: 'How often new shapes are put where they are needed; 0 begins with all of them',
    advanced,
  }),
  tidy: z.number().min(0).max(0.2).default(0).meta({
    title: 'Tidy',
    description:
      'At the end, shapes go without which the judging eye likes it as well and the loss rises by no more than this share; 0 keeps all. What it was is kept as untidied.svg',
    advanced,
  }),
  coarse: settings.coarse.default(0.2).meta({
    title: 'Coarse first',
    description: 'Share of the run in which the model sees more and more detail',
    advanced,
  }),
  rotation: settings.rotation.default(12).meta({
    title: 'Turned views',
    description: 'Most by which a view is turned, in degrees',
    advanced,
  }),
  tint: settings.tint
    .default(0.06)
    .meta({ title: 'Tinted views', description: 'How much views differ in colour', advanced }),
  models: z.array(z.string().min(1).max(4096)).max(4).default([]).meta({
    title: 'Models',
    description: 'Models that guide together: "own", a folder, or organisation/name; the own one alone when empty',
    advanced,
  }),
  eye: z.enum(['guiding', 'clean']).default('guiding').meta({
    title: 'Eye',
    description:
      'Of a model with two eyes, the one whose gradients draw: the one that was made for it, or the one that sees best and otherwise judges',
    advanced,
  }),
  judge: z.string().max(4096).default('').meta({
    title: 'Judge',
    description: 'A model that does not guide, and whose score shows whether only the guiding one is pleased',
    advanced,
  }),
  batch: z.int().min(1).max(16).default(1).meta({
    title: 'Pictures',
    description: 'How many, each with the next seed, and a sheet of all when there are more than one',
    advanced,
  }),
  diversity: z.number().min(0).max(20).default(0).meta({
    title: 'Diversity',
    description: 'How strongly each of several pictures keeps away from those before it',
    advanced,
  }),
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

/** How views differ: they stray further and are blurred more often than the loop has it by itself, so that pictures are simpler. */
const VIEWS = { shift: 0.09, blur: 0.5 };
/** Share of the shapes that a drawing begins with. */
const FIRST_SHAPES = 0.2;
const FIT_SHARE = 0.25;
const FIT_LIMIT = 100;

interface Ready extends ReadyDrawing {
  readonly extent: { readonly height: number; readonly width: number };
  /** The beginning that another seed gives. */
  readonly again: (seed: number) => Beginning;
}

/** What is asked for, laid out in the first way where there are any. */
function askedOf(p: Parameters): { prompts: Prompt[]; laid: Prompt[][] } {
  const prompts = parsePrompt(p.prompt, seeded(seedFor(p.seed, 'words')));
  const laid = p.layout ? layoutsOf(prompts) : [];
  return { prompts: laid[0] ?? prompts, laid };
}
/** Whether things have places of their own. */
const isScene = (p: Parameters): boolean => askedOf(p).prompts.some(({ region }) => region);

/** The drawer that is asked for, with the parameters that concern it. */
async function ready(p: Parameters, context: PluginContext): Promise<Ready> {
  const made = <S extends z.ZodType>(
    own: Drawer<S>,
    given: z.input<S>,
    sizes = sizesFor(p.size, aspectOf(p.aspect)),
  ): Ready => {
    const drawer = onPaper(own, p.paper);
    const first = readyDrawer(drawer, given, p.seed, sizes);
    return {
      drawer: begunAs(p.beginning, first, p.seed),
      again: (seed) => beginningOf(begunAs(p.beginning, begunAgain(first, drawer, given, seed, sizes), seed)),
      extent: canvasExtent(drawer, sizes),
      svg: (values, progress) => drawingSvg(drawer, given, p.seed, sizes, values, progress),
    };
  };
  const count = <K extends string>(name: K): { [key in K]?: number } =>
    p.count > 0 ? ({ [name]: p.count } as { [key in K]?: number }) : {};
  const { symmetry, folds } = p;
  switch (p.drawer) {
    case 'strokes':
      // Flat shapes gain nothing by it: they fall into splinters.
      return made(isScene(p) ? forScene(strokes) : strokes, { ...count('strokes'), symmetry, folds });
    case 'blobs':
      return made(blobs, count('shapes'));
    case 'polygons':
      return made(polygons, count('polygons'));
    case 'plotter':
      return made(plotter, { ...count('lines'), symmetry, folds });
    case 'glyphs':
      return made(glyphs, { ...count('glyphs'), text: p.text });
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

/** What can change in the drawer while a run goes on. */
const changeable = parameters
  .pick({ count: true, palette: true, paper: true, symmetry: true, folds: true, text: true })
  .partial();

/** What the run goes by, and its other beginnings: other seeds and, of two things, other places. */
function beginnings(p: Parameters, { again }: Ready): { prompts: Prompt[]; beginnings: Beginning[] } {
  const { prompts, laid } = askedOf(p);
  // What is fitted to a picture begins as that.
  const others = p.start.length > 0 ? 0 : p.tries - 1;
  return {
    prompts,
    beginnings: Array.from({ length: others }, (_, k) => {
      const places = laid[(k + 1) % laid.length];
      return { ...again(seedFor(p.seed, `beginning ${k + 2}`)), ...(places ? { prompts: places } : {}) };
    }),
  };
}

/** One drawing, from its seed. */
async function* one(p: Parameters, away: readonly Direction[], context: PluginContext): AsyncGenerator<PluginEvent> {
  const { seed, steps, crops, contrast, distance, rate, optimiser, patience, coarse, rotation, tint } = p;
  const { renewals, tidy } = p;
  const made = await ready(p, context);
  const { drawer, extent, svg } = made;
  const [picture] = p.start.length > 0 && p.drawer !== 'inpaint' ? await context.pictures(p.start) : [];
  const fit = Math.min(FIT_LIMIT, Math.ceil(steps * FIT_SHARE));
  const { losses, directions } = await parsePulls(p.pulls, extent, context);
  const looks = { coarse, rotation, tint, ...VIEWS };
  // A picture to begin from needs all shapes at once.
  const grows = { renewals, tidy, awake: renewals > 0 && !picture ? FIRST_SHAPES : 1 };
  const steps_ = { seed, steps, crops, contrast, distance, rate, optimiser, patience };
  yield* guideEvents(
    context,
    p.prompt,
    {
      drawer,
      ...beginnings(p, made),
      settings: guidanceSettingsSchema.parse({ ...steps_, ...looks, ...grows }),
      losses,
      directions: [...directions, ...away],
      lookers: await lookersOf(p.models.length > 0 ? p.models : ['own'], context, p.eye),
      ...(p.judge ? { judge: await context.model(p.judge) } : {}),
    },
    {
      eye: p.eye,
      ...(svg ? { svg } : {}),
      ...(picture ? { start: { picture, steps: fit } } : {}),
      redrawn: async (changes) => {
        const given = changeable.strict().safeParse(changes);
        if (!given.success) throw failure('STEER_INVALID', { what: issuesOf(given.error) });
        const set = Object.fromEntries(Object.entries(given.data).filter(([, v]) => v !== undefined));
        return ready({ ...p, ...set }, context);
      },
    },
  );
}

/** Several drawings with seeds that follow each other, each away from those before it, and a sheet of them. */
async function* several(p: Parameters, context: PluginContext): AsyncGenerator<PluginEvent> {
  const away: Direction[] = [];
  const run = new Several(context, { parts: p.batch, steps: p.steps });
  for (let k = 0; k < p.batch; k++) {
    let frame: Uint8Array | undefined;
    for await (const event of run.part(k, (own) => one({ ...p, seed: (p.seed + k) % 2 ** 32 }, away, own))) {
      if (event.type === 'frame') frame = event.bytes;
      yield event;
    }
    // Frames are of one size, so that a replay at another size keeps away from the same.
    const bytes = frame ?? run.drawn.at(-1);
    if (!bytes || p.diversity === 0) continue;
    const { data } = await context.engine.embedAll([{ bytes, name: `picture ${k + 1}` }], { signal: context.signal });
    away.push({ name: `away from picture ${k + 1}`, row: data, weight: -p.diversity });
  }
  yield await run.sheet(`${p.prompt}: sheet`);
}

export default definePlugin({
  id: 'guide',
  title: 'Guide',
  description:
    'Draws a picture of the prompt under the exact gradient of CLIP: strokes, shapes, lines, pixel art and more.',
  version: '5.0.0',
  about:
    'Words pull on a drawing under the exact gradient of CLIP, live: change the prompt, paint, hold, go back, branch. Every run is a seed and a log, so that it can be made again to the byte. The drawer decides what the picture is made of; those of shapes give an SVG as well.',
  steerable: true,
  paintable: true,
  parameters,
  run: (p, context) => (p.batch > 1 ? several(p, context) : one(p, [], context)),
});
