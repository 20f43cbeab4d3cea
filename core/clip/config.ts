/** What a model folder's JSON files say, parsed: sizes, resize mode, normalisation, context, scores. */
import { z } from 'zod';
import type { Interpolation } from './resample.ts';

/** Pillow's numbers for its resampling filters. */
const RESAMPLE: readonly Interpolation[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box'];

const triple = z.tuple([z.number(), z.number(), z.number()]);
const side = z.int().min(1).max(4096);
const sizeSchema = z.union([side, z.object({ shortest_edge: side }), z.object({ height: side, width: side })]);
type Size = z.infer<typeof sizeSchema>;

const preprocessorSchema = z.object({
  size: sizeSchema.optional(),
  crop_size: sizeSchema.optional(),
  do_resize: z.boolean().default(true),
  do_center_crop: z.boolean().default(false),
  do_normalize: z.boolean().default(true),
  resample: z.int().min(0).max(4).default(3),
  image_mean: triple.default([0, 0, 0]),
  image_std: triple.default([1, 1, 1]),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
});

export interface Preprocessing {
  /** `shortest-edge`: keep the aspect ratio and crop the middle; `squash`: stretch to the size. */
  readonly resize: 'shortest-edge' | 'squash' | 'none';
  readonly resizeTo: readonly [height: number, width: number];
  /** Cut from the middle after resizing; absent when nothing is cut. */
  readonly crop?: readonly [height: number, width: number];
  readonly interpolation: Interpolation;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  readonly rescale: number;
}

/** Side of the square that preprocessing leaves. */
export const framedSide = ({ crop, resizeTo }: Preprocessing): number => (crop ?? resizeTo)[0];

const pair = (size: Size): readonly [number, number] => {
  if (typeof size === 'number') return [size, size];
  return 'shortest_edge' in size ? [size.shortest_edge, size.shortest_edge] : [size.height, size.width];
};

export function parsePreprocessing(json: unknown, imageSize: number): Preprocessing {
  const p = preprocessorSchema.parse(json);
  const size = p.size ?? imageSize;
  const keepsAspect = typeof size === 'number' ? p.do_center_crop : 'shortest_edge' in size;
  return {
    resize: p.do_resize ? (keepsAspect ? 'shortest-edge' : 'squash') : 'none',
    resizeTo: pair(size),
    ...(p.do_center_crop ? { crop: pair(p.crop_size ?? size) } : {}),
    interpolation: RESAMPLE[p.resample] ?? 'bicubic',
    mean: p.do_normalize ? p.image_mean : [0, 0, 0],
    std: p.do_normalize ? p.image_std : [1, 1, 1],
    rescale: p.rescale_factor,
  };
}

const configSchema = z.object({
  model_type: z.string().default('clip'),
  logit_scale_init_value: z.number().optional(),
  text_config: z
    .object({ max_position_embeddings: z.int().positive().optional(), pad_token_id: z.int().nullish() })
    .default({}),
  vision_config: z.object({ image_size: z.int().positive().optional() }).default({}),
});

export interface ModelConfig {
  readonly family: string;
  /** Sigmoid for the SigLIP family, softmax for all others. */
  readonly activation: 'softmax' | 'sigmoid';
  /** ln of the factor on cosines, where the configuration gives one. */
  readonly logLogitScale: number;
  readonly imageSize: number;
  readonly context: number;
  readonly padToken?: number;
}

const DEFAULT_LOG_SCALE = Math.log(100);

export function parseConfig(json: unknown): ModelConfig {
  const c = configSchema.parse(json);
  const sigmoid = c.model_type.startsWith('siglip');
  return {
    family: c.model_type,
    activation: sigmoid ? 'sigmoid' : 'softmax',
    logLogitScale: c.logit_scale_init_value ?? DEFAULT_LOG_SCALE,
    imageSize: c.vision_config.image_size ?? 224,
    context: c.text_config.max_position_embeddings ?? (sigmoid ? 64 : 77),
    ...(typeof c.text_config.pad_token_id === 'number' ? { padToken: c.text_config.pad_token_id } : {}),
  };
}
