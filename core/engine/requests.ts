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

const text = z.string().max(10_000);
const numbers = floatsSchema;

export const pictureSchema = z.union([
  z.object({ path: z.string().min(1).max(4096) }),
  z.object({ bytes: bytesSchema(64 * MIB), name: z.string().max(255) }),
]);
/** A picture in a file, or its encoded bytes with a name for messages. */
export type PictureSource = z.infer<typeof pictureSchema>;
export const pictureName = (p: PictureSource): string => ('path' in p ? p.path : p.name);

export const embeddingsSchema = z.object({
  count: z.int().nonnegative(),
  dimension: z.int().nonnegative(),
  data: numbers,
});

export const requests = {
  info: z.object({}),
  inspect: z.object({}),
  embedTexts: z.object({ texts: z.array(text).max(100_000) }),
  embedPictures: z.object({ pictures: z.array(pictureSchema).max(1_000_000) }),
  styles: z.object({ pictures: z.array(pictureSchema).max(100_000) }),
  pixelGradient: z.object({
    pictures: z.array(pictureSchema).min(1).max(64),
    against: embeddingsSchema,
    weights: numbers,
  }),
  tokenGradient: z.object({ text, against: embeddingsSchema, weights: numbers }),
  keepRows: z.object({ name: z.string().max(128), rows: embeddingsSchema }),
  nearest: z.object({ name: z.string().max(128), query: numbers, count: z.int().min(0).max(1_000_000) }),
  check: z.object({ folder: z.string().min(1) }),
  guide: z.unknown(),
  steer: z.unknown(),
} as const;
export type Method = keyof typeof requests;
