/** What a guidance run is asked and what it tells: everything here crosses process boundaries, drawers and losses as ONNX graphs. */
import { z } from 'zod';
import { embeddingsSchema, eyeSchema, pictureSchema } from '../engine/requests.ts';
import { bytesSchema, floatsSchema, MIB } from '../schemas.ts';
import { plateauSchema } from './plateau.ts';

const graphSchema = bytesSchema(64 * MIB);

const parameterSchema = z.object({
  name: z.string().regex(/^[a-z][a-zA-Z0-9]*$/),
  shape: z.array(z.int().positive()).max(6),
  /** Where the parameter starts. */
  start: floatsSchema,
  /** Its learning rate at the peak of the schedule. */
  rate: z.number().positive(),
  low: z.number().default(-1e6),
  high: z.number().default(1e6),
});
export type DrawerParameter = z.infer<typeof parameterSchema>;

/** Which parameters hold what of shapes; each of these has one row a shape. */
const shapesSchema = z.object({
  count: z.int().positive(),
  /** Places as (x, y) in units of the plane. */
  places: z.string(),
  /** Logit of how much a shape is there. */
  presence: z.string(),
  /** Logits of its own colour, or of its shares of a palette's colours. */
  ink: z.string().exactOptional(),
  mix: z.object({ shares: z.string(), palette: z.string() }).exactOptional(),
  /** Sides of the plane. */
  plane: z.object({ height: z.number().positive(), width: z.number().positive() }),
});
export type ShapeRows = z.infer<typeof shapesSchema>;

/**
 * A drawer made ready for a run. Each graph maps the parameters and `progress` (0..1, []) to `colour` [1, 3, h, w] (times alpha, sRGB 0..1)
 * and `alpha` [1, 1, h, w]; `canvas`, the size that is guided, may give a `penalty` [] as well.
 */
const drawerSchema = z.object({
  id: z.string(),
  parameters: z.array(parameterSchema).min(1).max(64),
  canvas: graphSchema,
  preview: graphSchema,
  output: graphSchema,
  /** Colour behind the drawing, sRGB 0..1. */
  paper: z.tuple([z.number(), z.number(), z.number()]),
  /** Of a drawing that is made of shapes: what a new shape needs to be put somewhere, see growth.ts. */
  shapes: shapesSchema.exactOptional(),
});
export type ReadyDrawer = z.infer<typeof drawerSchema>;

const itemSchema = z.object({
  text: z.string().max(2000).exactOptional(),
  picture: pictureSchema.exactOptional(),
  /** A picture whose style is wanted, whatever it shows. */
  style: pictureSchema.exactOptional(),
});
/** Words, a picture, or the style of one. */
export type PromptItem = z.infer<typeof itemSchema>;
/** Several items are blended. */
const targetSchema = z.array(itemSchema).min(1).max(16);
export type PromptTarget = z.infer<typeof targetSchema>;

const share = z.number().min(0).max(1);
/** A box in shares of the canvas. */
export const regionSchema = z.object({ left: share, top: share, right: share, bottom: share });
const promptSchema = z.object({
  /** What is wanted; several follow each other over the run. */
  targets: z.array(targetSchema).min(1).max(16),
  /** Negative pushes away. */
  weight: z.number().min(-100).max(100),
  /** Great-circle distance at which the pull stops (as VQGAN-CLIP has it). */
  stop: z.number().exactOptional(),
  /** Where on the canvas; everywhere when absent. */
  region: regionSchema.exactOptional(),
  /** A picture that is bright where it applies, laid over the canvas corner to corner. */
  mask: pictureSchema.exactOptional(),
  /** The part of the run in which it pulls or, when it has several targets, in which it changes from one to the next. */
  span: z.object({ from: share, to: share }).exactOptional(),
});
export type Prompt = z.infer<typeof promptSchema>;

/** Prompts that a run has room for; editing them while it runs recompiles nothing. */
export const PROMPT_SLOTS = 8;
const promptsSchema = z.array(promptSchema).max(PROMPT_SLOTS);

/** What may be changed while a run goes on. */
const liveShape = {
  /** Factor on all learning rates. */
  rate: z.number().min(0.001).max(100).default(1),
  /** Weight of telling the prompt apart from stock words, and of the great-circle distance. */
  contrast: z.number().min(0).max(100).default(1),
  distance: z.number().min(0).max(100).default(5),
  /** Factor on cosines before they are told apart. */
  sharpness: z.number().min(1).max(200).default(40),
  /** Part of the canvas that a crop shows; beyond 1 the canvas stands in an empty surround. */
  smallest: z.number().min(0.1).max(2).default(0.75),
  largest: z.number().min(0.1).max(2).default(1.2),
  /** How far the middle of a crop may stray from the middle of the canvas. */
  shift: z.number().min(0).max(1).default(0.06),
  flip: z.number().min(0).max(0.5).default(0.3),
  /** Share of crops on the paper's own colour, and on another plain colour; the rest lie on a blend of two. */
  onPaper: z.number().min(0).max(1).default(0.5),
  onPlain: z.number().min(0).max(1).default(0.35),
  /** Deviation of the random contrast and brightness. */
  jitter: z.number().min(0).max(1).default(0.15),
  noise: z.number().min(0).max(1).default(0.02),
  /** Share of crops that are seen at half their resolution, so that form matters more than grain. */
  blur: z.number().min(0).max(1).default(0.4),
  /** Most by which a crop is turned, in degrees; a run that begins with 0 cannot turn its crops later. */
  rotation: z.number().min(0).max(45).default(0),
  /** Deviation of the random factors on red, green and blue. */
  tint: z.number().min(0).max(0.5).default(0),
  /** Share of the run in which detail comes in: crops are coarse at first. */
  coarse: z.number().min(0).max(1).default(0),
};

/** How the run looks at the canvas and how it steps. */
export const guidanceSettingsSchema = z.object({
  ...liveShape,
  steps: z.int().min(1).max(20_000).default(330),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1),
  /** Crops of the canvas that CLIP sees in each step. */
  crops: z.int().min(1).max(64).default(6),
  optimiser: z.enum(['adam', 'adamw', 'lion', 'plain', 'evolution']).default('adam'),
  beta1: z.number().min(0).max(0.9999).default(0.9),
  beta2: z.number().min(0).max(0.99999).default(0.99),
  /** Candidates in each step of evolution; 0 for as many as is usual for the number of parameters. */
  population: z.int().min(0).max(512).default(0),
  /** Decay of the parameters towards zero, for AdamW and Lion. */
  decay: z.number().min(0).max(1).default(0.01),
  schedule: z.enum(['cosine', 'linear', 'constant']).default('cosine'),
  warmup: z.int().min(0).max(1000).default(10),
  /** Learning rate at the end, as a share of its peak. */
  end: z.number().min(0).max(1).default(0.1),
  /** How often shapes that do nothing are put where they are needed, over the first three quarters of the run; see growth.ts. */
  renewals: z.int().min(0).max(64).default(0),
  /** Share of the shapes that there are at first; the others come with the renewals. */
  awake: z.number().min(0.05).max(1).default(1),
  /** How much worse the loss may get, as a share, by taking away shapes that are hardly needed near the end; 0 takes none away. */
  tidy: z.number().min(0).max(1).default(0),
  /** Share of the run that each of several beginnings is drawn for before one is chosen. */
  tryout: z.number().min(0.01).max(0.5).default(0.2),
  /** Steps without a better mean loss after which the run ends early; 0 never. */
  patience: z.int().min(0).max(20_000).default(0),
  /** Seconds after which the run ends with the step that it is at; 0 never. Replays end at that step. */
  seconds: z.number().min(0).max(86_400).default(0),
  /** A frame every so many steps; 0 sends none before the last. */
  frameEvery: z.int().min(0).max(1000).default(8),
  /** A checkpoint every so many steps; 0 sends none. */
  checkpointEvery: z.int().min(0).max(20_000).default(0),
});
export type GuidanceSettings = z.infer<typeof guidanceSettingsSchema>;

const weight = z.number().min(-1000).max(1000);
const lossSchema = z.object({
  name: z.string().min(1).max(60),
  /** Maps `picture` [1, 3, h, w] at canvas size, and `alpha` [1, 1, h, w] where it asks for it, to `loss` []. */
  graph: graphSchema,
  weight,
});

/** A direction among the first model's embeddings that crops are drawn along; a weight below zero drives them away. */
const directionSchema = z.object({ name: z.string().min(1).max(60), row: floatsSchema, weight });
export type Direction = z.infer<typeof directionSchema>;
/** Directions that a run has room for. */
export const DIRECTION_SLOTS = 32;

/** A model that guides: the engine's own, or that of a folder. */
const lookerSchema = z.object({
  folder: z.string().min(1).max(4096).exactOptional(),
  /** The guiding one when absent. */
  eye: eyeSchema.exactOptional(),
  weight: z.number().min(0).max(100),
});
export type LookerChoice = z.infer<typeof lookerSchema>;
const lookersSchema = z.array(lookerSchema).min(1).max(4);

/** A change of a run: it acts from a step on, and nothing is compiled again. */
const changeSchema = z.object({
  prompts: promptsSchema.exactOptional(),
  settings: z
    .strictObject(Object.fromEntries(Object.entries(liveShape).map(([name, s]) => [name, s.unwrap().exactOptional()])))
    .exactOptional(),
  /** Of losses by their names; `style` is that of the styles. */
  weights: z.record(z.string().max(60), weight).exactOptional(),
  /** A picture whose opaque parts the drawing is to take over; null takes it away. */
  paint: pictureSchema.nullable().exactOptional(),
  /** A picture that is bright where the drawing is to stay as it is now; null lets it go. */
  lock: pictureSchema.nullable().exactOptional(),
  /** The same drawer with other settings: what both have is taken over. Compiles the step again. */
  drawer: drawerSchema.exactOptional(),
  /** The models that guide from now on. Compiles the step again. */
  lookers: lookersSchema.exactOptional(),
  /** Ends the run before this step. */
  finish: z.literal(true).exactOptional(),
});
export type Change = z.infer<typeof changeSchema>;

/** A way in which a run may begin. */
const beginningSchema = z.object({
  /** Starts of the drawer's parameters by their names; those that are not named begin as the drawer has them. */
  starts: z.record(z.string().max(100), floatsSchema).default({}),
  /** What it goes by instead of the request's own prompts. */
  prompts: promptsSchema.exactOptional(),
});
export type Beginning = z.infer<typeof beginningSchema>;

const triedSchema = z.object({
  /** Which of the beginnings went on, counting from 0, the request's own. */
  chosen: z.int().nonnegative(),
  /** What the judge made of each. */
  scores: z.array(z.number()).max(8),
});
export type Tried = z.infer<typeof triedSchema>;

const entrySchema = z.object({
  /** Steps done when the change came. */
  step: z.int().nonnegative(),
  change: changeSchema,
  /** The caller's own words for it, given back in the record. */
  note: z.json().exactOptional(),
});
export type LogEntry = z.infer<typeof entrySchema>;

/** What came before the drawing that a checkpoint is of, in a run of several. */
export const beforeSchema = z.object({
  /** Drawings that were done. */
  parts: z.int().positive().max(100),
  /** What they said of how they were made, together. */
  record: z.record(z.string(), z.json()),
  /** What they gave, in its order: finished pictures, and the last frame of each. */
  gave: z
    .array(
      z.object({
        part: z.int().nonnegative(),
        event: z.record(z.string(), z.json()),
        bytes: bytesSchema(64 * MIB),
      }),
    )
    .max(400),
});

export const checkpointSchema = z.object({
  step: z.int().nonnegative(),
  /** Parameters and moments by name. */
  values: z.record(z.string().max(100), floatsSchema),
  plateau: plateauSchema.exactOptional(),
  tried: triedSchema.exactOptional(),
  /** Hashes of the models that guided or judged beside the engine's own. */
  others: z.array(z.string().max(200)).max(100).exactOptional(),
  before: beforeSchema.exactOptional(),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;
/** The bytes of its numbers and pictures. */
export const heldBy = ({ values, before }: Checkpoint): number =>
  [...Object.values(values), ...(before?.gave.map(({ bytes }) => bytes) ?? [])].reduce(
    (sum, { byteLength }) => sum + byteLength,
    0,
  );

export const guideRequestSchema = z.object({
  /** Name by which the run can be steered. */
  run: z.string().min(1).max(100),
  drawer: drawerSchema,
  prompts: promptsSchema,
  settings: guidanceSettingsSchema,
  losses: z.array(lossSchema).max(24).default([]),
  directions: z.array(directionSchema).max(DIRECTION_SLOTS).default([]),
  lookers: lookersSchema.default([{ weight: 1 }]),
  /** Folder of a model that does not guide, and tells with each frame what it thinks of the drawing. */
  judge: z.string().min(1).max(4096).exactOptional(),
  /** Style profiles to come close to (unit rows), see core/clip/style.ts. */
  style: z.object({ profile: embeddingsSchema, weight: z.number().min(0).max(1000) }).exactOptional(),
  /** Changes at their steps, for a run that is to be given again. */
  script: z.array(entrySchema).max(10_000).default([]),
  /** Changes that belong to the run itself, at their steps: they are not in its log. */
  plan: z.array(entrySchema).max(100).default([]),
  /** Other beginnings than the drawer's own: each is drawn for a while, and the one that is judged best goes on. */
  beginnings: z.array(beginningSchema).max(7).default([]),
  /** Where to go on from. */
  resume: checkpointSchema.exactOptional(),
});
export type GuideRequest = z.input<typeof guideRequestSchema>;
export type ParsedGuideRequest = z.output<typeof guideRequestSchema>;

const commandSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('change'), change: changeSchema, note: z.json().exactOptional() }),
  z.object({ kind: z.literal('pause') }),
  z.object({ kind: z.literal('go') }),
  /** One step of a paused run. */
  z.object({ kind: z.literal('step') }),
  /** Back to the last kept state at or before a step; what came later is forgotten. */
  z.object({ kind: z.literal('rewind'), step: z.int().nonnegative() }),
]);
export type Command = z.infer<typeof commandSchema>;
export const steerRequestSchema = z.object({ run: z.string().min(1).max(100), command: commandSchema });
export type SteerRequest = z.infer<typeof steerRequestSchema>;

/** What must be the same for a run to give the same bytes again. */
export interface RunRecord {
  readonly model: string;
  readonly drawer: string;
  readonly settings: GuidanceSettings;
  readonly prompts: string;
  /** What changed while it ran: the caller's notes where there are any. */
  readonly script: readonly { readonly step: number; readonly change: unknown }[];
  /** Steps done. */
  readonly steps: number;
  readonly threads: number;
  readonly onnxruntime: string;
  /** Where there were several beginnings. */
  readonly tried?: Tried;
  /** Hashes of the models beside the engine's own. */
  readonly others?: readonly string[];
}

/** What one model thinks of the drawing: for each prompt the mean cosine, and how it stands among stock words, 0..100. */
export interface Opinion {
  readonly cosines: readonly number[];
  readonly percentiles: readonly number[];
}

/** Who thinks something of a drawing without guiding it: the clean eye of the run's own model, or the judge that was named. */
export type JudgeName = 'clean' | 'judge';

interface Image {
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
}
export type GuideEvent =
  /** `judges` are those that will be heard. */
  | {
      readonly type: 'compiled';
      readonly nodes: number;
      readonly milliseconds: number;
      readonly judges: readonly JudgeName[];
    }
  | {
      readonly type: 'step';
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      /** The prompts as they are written, and for each: the mean cosine of the crops, and how it stands among stock words, 0..100. */
      readonly prompts: readonly string[];
      readonly cosines: readonly number[];
      readonly percentiles: readonly number[];
      /** The same of the further models that guide. */
      readonly also: readonly Opinion[];
      /** Milliseconds that the step's graph took to run. */
      readonly session: number;
    }
  /** A step of one of several beginnings, counting from 1. */
  | {
      readonly type: 'trying';
      readonly beginning: number;
      readonly of: number;
      readonly step: number;
      readonly steps: number;
    }
  /** Which beginning goes on, and by what prompts. */
  | ({ readonly type: 'tried'; readonly step: number; readonly prompts: readonly string[] } & Tried)
  /** Shapes that were looked at, whether the drawing is as good without them. */
  | { readonly type: 'tidying'; readonly done: number; readonly of: number }
  | { readonly type: 'compiled-again'; readonly step: number }
  /** What an eye that does not guide thinks of the drawing as it is shown. */
  | ({
      readonly type: 'judged';
      readonly by: JudgeName;
      readonly step: number;
      readonly prompts: readonly string[];
    } & Opinion)
  /** JPEG */
  | ({ readonly type: 'frame'; readonly step: number } & Image)
  | { readonly type: 'checkpoint'; readonly checkpoint: Checkpoint; readonly script: readonly LogEntry[] }
  | { readonly type: 'paused' | 'going' | 'rewound'; readonly step: number }
  /** PNG, with the drawing's parameters as they are at the end */
  | ({
      readonly type: 'picture';
      readonly record: RunRecord;
      readonly values: Checkpoint['values'];
      /** What was locked, PNG, with nothing where the drawing was free. */
      readonly locked?: Uint8Array;
      /** What they were before shapes were taken away at its end. */
      readonly untidied?: Checkpoint['values'];
      /** How far the run was when it ended, 0..1: below 1 for one that ended early. */
      readonly progress: number;
    } & Image);
