/** What a model folder's JSON files say, parsed: sizes, resize mode, normalisation, context, scores. Hugging Face's files and OpenCLIP's say it differently. */
import { z } from 'zod';
import type { Interpolation } from './resample.ts';

/** Pillow's numbers for its resampling filters. */
const RESAMPLE: readonly Interpolation[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box'];

const number = z.number();
const triple = z.union([
  z.tuple([number, number, number]),
  z.tuple([number]).transform(([v]): [number, number, number] => [v, v, v]),
]);
const side = z.int().min(1).max(4096);
const sizeSchema = z.union([
  side,
  z.object({ shortest_edge: side }),
  z.object({ height: side, width: side }),
  z.tuple([side, side]).transform(([height, width]) => ({ height, width })),
]);
type Size = z.infer<typeof sizeSchema>;

export interface Preprocessing {
  /** `shortest-edge`: keep the aspect ratio and crop the middle; `longest-edge`: keep it and fill up; `squash`: stretch to the size. */
  readonly resize: 'shortest-edge' | 'longest-edge' | 'squash' | 'none';
  readonly resizeTo: readonly [height: number, width: number];
  /** Cut from the middle after resizing, or filled up to; absent when nothing is cut. */
  readonly crop?: readonly [height: number, width: number];
  readonly interpolation: Interpolation;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  readonly rescale: number;
  /** Value of each channel outside the picture, 0..255. */
  readonly fill: number;
  /** Where the middle of an odd rest lies: before (transformers), or at the even place (torchvision, which OpenCLIP uses). */
  readonly centre: 'before' | 'even';
}

/** Side of the square that preprocessing leaves. */
export const framedSide = ({ crop, resizeTo }: Preprocessing): number => (crop ?? resizeTo)[0];

/** The same for pictures of another side, as a second image tower of the model may want them. */
export function atSide(preprocessing: Preprocessing, side: number): Preprocessing {
  const share = side / framedSide(preprocessing);
  const [height, width] = preprocessing.resizeTo;
  return {
    ...preprocessing,
    resizeTo: [Math.round(height * share), Math.round(width * share)],
    ...(preprocessing.crop ? { crop: [side, side] } : {}),
  };
}

const pair = (size: Size): readonly [number, number] => {
  if (typeof size === 'number') return [size, size];
  return 'shortest_edge' in size ? [size.shortest_edge, size.shortest_edge] : [size.height, size.width];
};

const preprocessorSchema = z.object({
  image_processor_type: z.string().nullish(),
  size: sizeSchema.nullish(),
  crop_size: sizeSchema.nullish(),
  crop_pct: z.number().min(0.1).max(1).nullish(),
  do_resize: z.boolean().nullish(),
  do_center_crop: z.boolean().nullish(),
  do_normalize: z.boolean().nullish(),
  do_rescale: z.boolean().nullish(),
  resample: z.int().min(0).max(4).nullish(),
  image_mean: triple.nullish(),
  image_std: triple.nullish(),
  rescale_factor: z.number().positive().nullish(),
  rescale_offset: z.boolean().nullish(),
  include_top: z.boolean().nullish(),
});

/** ConvNeXT's processor enlarges before it crops, for sides below this (transformers, ConvNextImageProcessor). */
const CONVNEXT_WHOLE = 384;
const CONVNEXT_CROP = 224 / 256;
const ZERO = [0, 0, 0] as const;
const ONE = [1, 1, 1] as const;

type HuggingFace = z.infer<typeof preprocessorSchema>;

function normalisation(p: HuggingFace): Pick<Preprocessing, 'mean' | 'std' | 'rescale'> {
  const normalises = p.do_normalize ?? p.image_mean !== undefined;
  const mean = (normalises && p.image_mean) || ZERO;
  const std = (normalises && p.image_std) || ONE;
  // EfficientNet's processor divides once more (transformers, EfficientNetImageProcessor).
  const again = (p.include_top && p.image_std) || ONE;
  // (v r - 1 - m) / s = (v r - (m + 1)) / s
  const shift = p.rescale_offset ? 1 : 0;
  return {
    mean: [mean[0] + shift, mean[1] + shift, mean[2] + shift],
    std: [0, 1, 2].map((c) => (std[c] ?? 1) * (again[c] ?? 1)) as [number, number, number],
    rescale: p.do_rescale === false ? 1 : (p.rescale_factor ?? 1 / 255),
  };
}

function framing(p: HuggingFace, imageSize: number): Pick<Preprocessing, 'resize' | 'resizeTo' | 'crop'> {
  const size = p.size ?? imageSize;
  if (p.image_processor_type?.startsWith('ConvNext')) {
    const [to] = pair(size);
    return to >= CONVNEXT_WHOLE
      ? { resize: 'squash', resizeTo: [to, to] }
      : { resize: 'shortest-edge', resizeTo: pair(Math.trunc(to / (p.crop_pct ?? CONVNEXT_CROP))), crop: [to, to] };
  }
  const crops = p.do_center_crop ?? false;
  const keepsAspect = typeof size === 'number' ? crops : 'shortest_edge' in size;
  const resize = keepsAspect ? 'shortest-edge' : 'squash';
  return {
    resize: p.do_resize === false ? 'none' : resize,
    resizeTo: pair(size),
    ...(crops ? { crop: pair(p.crop_size ?? size) } : {}),
  };
}

function fromHuggingFace(json: unknown, imageSize: number): Preprocessing {
  const p = preprocessorSchema.parse(json);
  return {
    ...normalisation(p),
    ...framing(p, imageSize),
    interpolation: RESAMPLE[p.resample ?? 3] ?? 'bicubic',
    fill: 0,
    centre: 'before',
  };
}

const openClipSchema = z.object({
  size: sizeSchema.nullish(),
  mean: triple.nullish(),
  std: triple.nullish(),
  interpolation: z.string().nullish(),
  resize_mode: z.enum(['shortest', 'longest', 'squash']).nullish(),
  fill_color: z.union([z.number(), z.array(z.number()).min(1)]).nullish(),
});
/** OpenAI's values, which OpenCLIP falls back on (open_clip, constants.py). */
const OPENAI_MEAN = [0.48145466, 0.4578275, 0.40821073] as const;
const OPENAI_STD = [0.26862954, 0.26130258, 0.27577711] as const;

function fromOpenClip(json: unknown, imageSize: number): Preprocessing {
  const p = openClipSchema.parse(json);
  const mode = p.resize_mode ?? 'shortest';
  const to = pair(p.size ?? imageSize);
  const fill = Array.isArray(p.fill_color) ? p.fill_color[0] : p.fill_color;
  return {
    resize: mode === 'squash' ? 'squash' : mode === 'longest' ? 'longest-edge' : 'shortest-edge',
    resizeTo: to,
    ...(mode === 'squash' ? {} : { crop: to }),
    interpolation: p.interpolation === 'bilinear' ? 'bilinear' : 'bicubic',
    mean: p.mean ?? OPENAI_MEAN,
    std: p.std ?? OPENAI_STD,
    rescale: 1 / 255,
    fill: fill ?? 0,
    centre: 'even',
  };
}

export function parsePreprocessing(json: unknown, imageSize: number): Preprocessing {
  const looks = z.looseObject({}).parse(json);
  return 'mean' in looks || 'resize_mode' in looks ? fromOpenClip(json, imageSize) : fromHuggingFace(json, imageSize);
}

const configSchema = z.object({
  model_type: z.string().default('clip'),
  logit_scale_init_value: z.number().nullish(),
  logit_scale: z.number().nullish(),
  logit_bias: z.number().nullish(),
  temperature_init_value: z.number().positive().nullish(),
  guiding_model: z.object({ file: z.string().min(1).max(255), image_size: side }).nullish(),
  text_config: z
    .object({
      max_position_embeddings: z.int().positive().nullish(),
      context_length: z.int().positive().nullish(),
      pad_token_id: z.int().nullish(),
    })
    .default({}),
  vision_config: z
    .object({ image_size: z.union([side, z.tuple([side, side]).transform(([s]) => s)]).nullish() })
    .default({}),
});

/** OpenCLIP's own configuration: the whole file, or its `model_cfg`. */
const openClipModelSchema = z.object({
  vision_cfg: z.object({ image_size: z.union([side, z.tuple([side, side]).transform(([s]) => s)]).nullish() }),
  text_cfg: z.object({ context_length: z.int().positive().nullish(), pad_id: z.int().nullish() }).default({}),
  init_logit_bias: z.number().nullish(),
});

export interface ModelConfig {
  readonly family: string;
  /** Sigmoid for the SigLIP family, softmax for all others. */
  readonly activation: 'softmax' | 'sigmoid';
  /** Factor and offset on cosines, for a model whose graph does not hold them. */
  readonly logits: { readonly scale: number; readonly bias: number; readonly source: 'config' | 'assumed' };
  readonly imageSize: number;
  readonly context: number;
  readonly padToken?: number;
  /** A second image tower in the same space, made for gradients: its file, as the folder names it, and the side of the pictures that it sees. */
  readonly guiding?: { readonly file: string; readonly side: number };
}

/** The value before training; no trained model keeps it (Radford and others, 2021: clipped at 100, which the public ones reach). */
const UNTRAINED_LOG_SCALE = 2.6592;
const TRAINED_SCALE = 100;
/** SigLIP's published base model ends near these (Zhai and others, 2023, start at 10 and -10). */
const TRAINED_SIGMOID = { scale: 115, bias: -13 } as const;

export function parseConfig(json: unknown): ModelConfig {
  const looks = z.looseObject({}).parse(json);
  if ('model_cfg' in looks) return parseOpenClip(looks['model_cfg']);
  if ('vision_cfg' in looks) return parseOpenClip(json);
  const c = configSchema.parse(json);
  const sigmoid = c.model_type.startsWith('siglip');
  return {
    family: c.model_type,
    activation: sigmoid ? 'sigmoid' : 'softmax',
    logits: configuredLogits(c, sigmoid),
    imageSize: c.vision_config.image_size ?? 224,
    context: c.text_config.max_position_embeddings ?? c.text_config.context_length ?? (sigmoid ? 64 : 77),
    ...(typeof c.text_config.pad_token_id === 'number' ? { padToken: c.text_config.pad_token_id } : {}),
    ...(c.guiding_model ? { guiding: { file: c.guiding_model.file, side: c.guiding_model.image_size } } : {}),
  };
}

function configuredLogits(c: z.infer<typeof configSchema>, sigmoid: boolean): ModelConfig['logits'] {
  if (typeof c.logit_scale === 'number')
    return { scale: Math.exp(c.logit_scale), bias: c.logit_bias ?? 0, source: 'config' };
  if (c.temperature_init_value) return { scale: 1 / c.temperature_init_value, bias: 0, source: 'config' };
  if (sigmoid) return { ...TRAINED_SIGMOID, source: 'assumed' };
  const given = c.logit_scale_init_value;
  return typeof given === 'number' && Math.abs(given - UNTRAINED_LOG_SCALE) > 1e-3
    ? { scale: Math.exp(given), bias: 0, source: 'config' }
    : { scale: TRAINED_SCALE, bias: 0, source: 'assumed' };
}

function parseOpenClip(json: unknown): ModelConfig {
  const c = openClipModelSchema.parse(json);
  const sigmoid = typeof c.init_logit_bias === 'number';
  return {
    family: 'open_clip',
    activation: sigmoid ? 'sigmoid' : 'softmax',
    logits: sigmoid ? { ...TRAINED_SIGMOID, source: 'assumed' } : { scale: TRAINED_SCALE, bias: 0, source: 'assumed' },
    imageSize: c.vision_cfg.image_size ?? 224,
    context: c.text_cfg.context_length ?? 77,
    // OpenCLIP's own tokenizer fills up with zeros.
    padToken: c.text_cfg.pad_id ?? 0,
  };
}
