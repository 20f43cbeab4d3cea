/** What may be asked of Guide. */
import { z } from 'zod';
import {
  aspectField,
  blocks,
  field,
  glyphs,
  guidanceSettingsSchema,
  ownField,
  ownSettings,
  picturesField,
  plainPulls,
  promptField,
  pullNames,
  seedField,
  sizeField,
  stepsField,
} from '../../core/index.ts';
import { KNOWN, sharing } from './shaped.ts';

const settings = guidanceSettingsSchema.shape;
/** "a, b, or c". */
const or = (all: readonly string[]): string =>
  all.map((one, i) => (i > 0 && i === all.length - 1 ? `or ${one}` : one)).join(', ');
const TRIES = 3;
const advanced = true;

const fixed = z.object({
  prompt: promptField({
    description:
      'Parts between bars, each with what it needs: a red heart:2 | blurry:-0.5 | the sun @top-left | a bud -> a flower | rain @50%-100% | [style:ink.png]',
  }),
  drawer: z
    .enum(KNOWN.map(({ id }) => id))
    .default('strokes')
    .meta({
      title: 'Drawer',
      description: `What the picture is made of: ${or(KNOWN.map((d) => d.description ?? d.title.toLowerCase()))}`,
      choices: Object.fromEntries(KNOWN.map(({ id, title }) => [id, title])),
    }),
  steps: stepsField().default(160),
  seed: seedField(),
  batch: z.int().min(1).max(16).default(1).meta({
    title: 'Pictures',
    description: 'How many, each with the next seed, and a sheet of all when there are more than one',
  }),
  size: sizeField(),
  aspect: aspectField(),
  count: z
    .int()
    .min(0)
    .max(512)
    .default(0)
    .meta({
      title: 'Shapes',
      description: 'How many strokes, shapes, polygons, lines or glyphs it is made of; 0 leaves it to the drawer',
      only: { drawer: sharing('count') },
    }),
  text: glyphs.settings.shape.text.meta({
    title: 'Text',
    description: 'Letters or emoji to draw with, taken in turn',
    only: { drawer: sharing('text') },
  }),
  palette: blocks.settings.shape.palette.meta({
    title: 'Palette',
    description: 'Colours of pixel art',
    only: { drawer: sharing('palette') },
  }),
  pulls: z
    .string()
    .max(2000)
    .default('')
    .meta({
      title: 'Pulls',
      description: `Beside the words, each with a weight: ${pullNames().join(', ')}; as in symmetry:2 | smooth:0.5`,
      control: 'pulls',
      choices: Object.fromEntries(plainPulls().map(({ id, description }) => [id, description])),
    }),
  paper: z
    .string()
    .regex(/^(?:#[0-9a-f]{6})?$/i, 'a colour like #1a2b3c, or nothing')
    .default('')
    .meta({
      title: 'Paper',
      description:
        'What is drawn on: a colour like #101426 for what stands out on a dark ground; the own one when empty',
      control: 'colour',
      advanced,
    }),
  symmetry: field.settings.shape.symmetry.meta({
    title: 'Symmetry',
    description: 'Of brush strokes, pen lines and neural fields',
    only: { drawer: sharing('symmetry') },
    advanced,
  }),
  folds: field.settings.shape.folds.meta({
    title: 'Folds',
    description: 'For rotation and kaleidoscope',
    only: { symmetry: ['rotation', 'kaleidoscope'] },
    advanced,
  }),
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
    only: { drawer: sharing('mask') },
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
  apart: z.boolean().default(true).meta({
    title: 'Apart',
    description:
      'Of things that have places of their own, each is drawn by itself before they are put together and drawn on as one; for strokes, blobs, polygons and the plotter',
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
  patience: settings.patience.meta({
    title: 'Patience',
    description: 'Steps without a gain after which it ends early; 0 for never',
    advanced,
  }),
});

/** Each drawer's own settings, shown while it is chosen. */
const own = Object.fromEntries(
  KNOWN.flatMap((drawer) =>
    ownSettings(drawer).map(([setting, schema]) => [
      ownField(drawer, setting),
      schema.meta({ ...schema.meta(), only: { drawer: [drawer.id] } }),
    ]),
  ),
);
// Own settings are read by their names, see drawing.ts: the type says what is there whatever the drawers.
export const parameters = fixed.extend(own) as unknown as typeof fixed;
export type Parameters = z.output<typeof fixed>;

/** What can change in the drawer while a run goes on. */
export const CHANGEABLE = fixed
  .pick({ count: true, palette: true, paper: true, symmetry: true, folds: true, text: true })
  .extend(own)
  .partial()
  .strict();
