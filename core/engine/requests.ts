/** What may be asked of the engine's process; parsed there, because a plugin of someone else may have written it. */
import { z } from 'zod';
import { bytesSchema, floatsSchema, MIB } from '../schemas.ts';

/** What the engine's process is started with. */
export const workerSettingsSchema = z.object({
  model: z.string(),
  threads: z.int().positive().max(1024).exactOptional(),
  variant: z.string().max(64).exactOptional(),
  dequantise: z.enum(['once', 'each-run']).exactOptional(),
});
export type WorkerSettings = z.infer<typeof workerSettingsSchema>;

/** Numbers of rows that are kept for searching: two gigabytes. */
const MOST_NUMBERS = 2 ** 29;

const text = z.string().max(10_000);
const numbers = floatsSchema;

const share = z.number().min(0).max(1);
/** A part of a picture, in shares of its sides. */
const cropSchema = z
  .object({ left: share, top: share, right: share, bottom: share })
  .refine((c) => c.left < c.right && c.top < c.bottom, 'a box that is not empty');
export type Crop = z.infer<typeof cropSchema>;

export const pictureSchema = z.union([
  z.object({ path: z.string().min(1).max(4096), crop: cropSchema.exactOptional() }),
  z.object({ bytes: bytesSchema(64 * MIB), name: z.string().max(255), crop: cropSchema.exactOptional() }),
]);
/** A picture in a file, or its encoded bytes with a name for messages. */
export type PictureSource = z.infer<typeof pictureSchema>;
export const pictureName = (p: PictureSource): string => ('path' in p ? p.path : p.name);
/** The same without the folders that it lies in. */
export const pictureTitle = (p: PictureSource): string => pictureName(p).split(/[/\\]/).at(-1) ?? '';

/** Which image tower of a model: the one that sees best, or the one that was made for gradients; one and the same where a model has but one. */
export const eyeSchema = z.enum(['clean', 'guiding']);
export type EyeName = z.infer<typeof eyeSchema>;

export const embeddingsSchema = z.object({
  count: z.int().nonnegative(),
  dimension: z.int().nonnegative(),
  data: numbers,
});

export const requests = {
  info: z.object({}),
  inspect: z.object({}),
  embedTexts: z.object({ texts: z.array(text).max(100_000) }),
  /** `few`: as many as tell what is usual. */
  everyday: z.object({ few: z.boolean().default(false) }),
  cutTexts: z.object({ texts: z.array(text).max(1000) }),
  embedPictures: z.object({ pictures: z.array(pictureSchema).max(1_000_000) }),
  styles: z.object({ pictures: z.array(pictureSchema).max(100_000), eye: eyeSchema.default('clean') }),
  pixelGradient: z.object({
    pictures: z.array(pictureSchema).min(1).max(64),
    against: embeddingsSchema,
    weights: numbers,
    eye: eyeSchema.default('guiding'),
  }),
  tokenGradient: z.object({ text, against: embeddingsSchema, weights: numbers }),
  replacements: z.object({ text, against: embeddingsSchema, weights: numbers, count: z.int().min(1).max(1000) }),
  saliency: z.object({ picture: pictureSchema, against: embeddingsSchema, weights: numbers }),
  keepRows: z
    .object({
      name: z.string().max(128),
      count: z.int().min(1).max(10_000_000),
      dimension: z.int().min(1).max(100_000),
      from: z.int().nonnegative(),
      data: numbers,
      graph: z
        .object({
          name: z.string().regex(/^[a-z0-9-]{1,100}$/),
          ids: z.custom<Float64Array>(
            (v) => v instanceof Float64Array && v.every(Number.isSafeInteger),
            'whole numbers',
          ),
        })
        .exactOptional(),
    })
    .refine(({ count, dimension }) => count * dimension <= MOST_NUMBERS, `at most ${MOST_NUMBERS} numbers`),
  nearest: z.object({ name: z.string().max(128), query: numbers, count: z.int().min(0).max(1_000_000) }),
  hashOf: z.object({ folder: z.string().min(1) }),
  check: z.object({ folder: z.string().min(1) }),
  guide: z.unknown(),
  steer: z.unknown(),
} as const;
export type Method = keyof typeof requests;
