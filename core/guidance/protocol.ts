/** What a guidance run is asked and what it tells: everything here crosses process boundaries, drawers and losses as ONNX graphs. */
import { z } from 'zod';
import { embeddingsSchema, pictureSchema } from '../engine/requests.ts';
import { bytesSchema, floatsSchema, MIB } from '../schemas.ts';

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
});
export type ReadyDrawer = z.infer<typeof drawerSchema>;

const promptSchema = z.object({
  text: z.string().max(2000).optional(),
  picture: pictureSchema.optional(),
  /** Negative pushes away. */
  weight: z.number().min(-100).max(100),
});
export type Prompt = z.infer<typeof promptSchema>;

/** Prompts that a run has room for; editing them while it runs recompiles nothing. */
export const PROMPT_SLOTS = 8;

/** How the run looks at the canvas and how it steps. */
export const guidanceSettingsSchema = z.object({
  steps: z.int().min(1).max(20_000).default(330),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1),
  /** Crops of the canvas that CLIP sees in each step. */
  crops: z.int().min(1).max(64).default(6),
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
  /** Weight of telling the prompt apart from stock words, and of the great-circle distance. */
  contrast: z.number().min(0).max(100).default(1),
  distance: z.number().min(0).max(100).default(5),
  /** Factor on cosines before they are told apart. */
  sharpness: z.number().min(1).max(200).default(40),
  /** Factor on all learning rates. */
  rate: z.number().min(0.001).max(100).default(1),
  warmup: z.int().min(0).max(1000).default(10),
  /** Learning rate at the end, as a share of its peak. */
  end: z.number().min(0).max(1).default(0.1),
  beta1: z.number().min(0).max(0.9999).default(0.9),
  beta2: z.number().min(0).max(0.99999).default(0.99),
  /** A frame every so many steps; 0 sends none before the last. */
  frameEvery: z.int().min(0).max(1000).default(8),
});
export type GuidanceSettings = z.infer<typeof guidanceSettingsSchema>;

const lossSchema = z.object({
  /** Maps `picture` [1, 3, h, w] at canvas size to `loss` []. */
  graph: graphSchema,
  weight: z.number().min(-1000).max(1000),
});

export const guideRequestSchema = z.object({
  /** Name by which the run can be steered. */
  run: z.string().min(1).max(100),
  drawer: drawerSchema,
  prompts: z.array(promptSchema).max(PROMPT_SLOTS),
  settings: guidanceSettingsSchema,
  losses: z.array(lossSchema).max(16).default([]),
  /** Style profiles to come close to (unit rows), see core/clip/style.ts. */
  style: z.object({ profile: embeddingsSchema, weight: z.number().min(0).max(1000) }).optional(),
});
export type GuideRequest = z.infer<typeof guideRequestSchema>;

export const steerRequestSchema = z.object({
  run: z.string().min(1).max(100),
  prompts: z.array(promptSchema).max(PROMPT_SLOTS),
});
export type SteerRequest = z.infer<typeof steerRequestSchema>;

/** What must be the same for a run to give the same bytes again. */
export interface RunRecord {
  readonly model: string;
  readonly drawer: string;
  readonly settings: GuidanceSettings;
  readonly prompts: readonly string[];
  /** What the prompts became while it ran, and from which step on. */
  readonly steers: readonly { readonly step: number; readonly prompts: readonly string[] }[];
  readonly threads: number;
  readonly onnxruntime: string;
}

export type GuideEvent =
  | { readonly type: 'compiled'; readonly nodes: number; readonly milliseconds: number }
  | {
      readonly type: 'step';
      readonly step: number;
      readonly steps: number;
      readonly loss: number /** Mean cosine of the crops with each prompt. */;
      readonly cosines: readonly number[];
      /** How these stand among the cosines of stock words, 0..100. */
      readonly percentiles: readonly number[];
    }
  | {
      readonly type: 'frame';
      readonly step: number;
      readonly width: number;
      readonly height: number /** JPEG */;
      readonly bytes: Uint8Array;
    }
  | {
      readonly type: 'picture';
      readonly width: number;
      readonly height: number /** PNG */;
      readonly bytes: Uint8Array;
      readonly record: RunRecord;
    };
