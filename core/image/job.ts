/** What is done to a picture, written down: an input, steps named as in sharp, and what comes out. It crosses between processes, so all of it is parsed. */
import { z } from 'zod';
import { bytesSchema, MIB } from '../schemas.ts';

/** The most bytes that a picture's file may have. */
export const FILE_LIMIT = 512 * MIB;
const RAW_LIMIT = 1024 * MIB;

/** Steps that may be taken; all of them cost about as much as the picture is large. */
export const STEPS = [
  'autoOrient',
  'composite',
  'ensureAlpha',
  'extend',
  'extract',
  'extractChannel',
  'flatten',
  'flip',
  'flop',
  'gif',
  'greyscale',
  'jpeg',
  'keepIccProfile',
  'linear',
  'modulate',
  'negate',
  'normalise',
  'png',
  'raw',
  'removeAlpha',
  'resize',
  'threshold',
  'toColourspace',
  'webp',
  'withExif',
] as const;

const side = z.int().min(1).max(100_000);
const inputSchema = z.union([
  z.object({ path: z.string().min(1).max(4096) }),
  z.object({ bytes: bytesSchema(RAW_LIMIT) }),
  z.object({ pages: z.array(bytesSchema(FILE_LIMIT)).min(1).max(1000) }),
  z.object({}),
]);
const optionsSchema = z.object({
  limitInputPixels: z.int().min(1).max(1_000_000_000).exactOptional(),
  failOn: z.enum(['none', 'truncated', 'error', 'warning']).exactOptional(),
  page: z.int().min(0).max(100_000).exactOptional(),
  pages: z.int().min(-1).max(1000).exactOptional(),
  density: z.number().min(1).max(100_000).exactOptional(),
  raw: z
    .object({ width: side, height: side, channels: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]) })
    .exactOptional(),
  create: z
    .object({ width: side, height: side, channels: z.union([z.literal(3), z.literal(4)]), background: z.json() })
    .exactOptional(),
  join: z.object({ animated: z.boolean() }).exactOptional(),
});
const layerSchema = z.object({
  input: bytesSchema(FILE_LIMIT),
  left: z.int().exactOptional(),
  top: z.int().exactOptional(),
  /** What is kept of the two where they meet: the upper one when absent. */
  blend: z.enum(['darken', 'lighten']).exactOptional(),
});
const stepSchema = z.union([
  z.tuple([z.literal('composite'), z.tuple([z.array(layerSchema).max(4096)])]),
  z.tuple([z.enum(STEPS), z.array(z.json()).max(3)]),
]);

export const imageJobSchema = z.object({
  input: inputSchema,
  options: optionsSchema,
  steps: z.array(stepSchema).max(64),
  /** Bytes with their size, what the file says of itself, or RGB as `decodePicture` gives it. */
  end: z.enum(['buffer', 'metadata', 'decode']),
  /** Names the picture in errors. */
  label: z.string().max(4096),
});
export type ImageJob = z.output<typeof imageJobSchema>;
export type ImageOptions = ImageJob['options'];
export type StepName = (typeof STEPS)[number];

/** Paths that are read with the rights of whoever works the job off. */
export const pathsOf = ({ input }: ImageJob): string[] => ('path' in input ? [input.path] : []);

export const madeSchema = z.object({
  data: bytesSchema(RAW_LIMIT),
  width: side,
  height: side,
  channels: z.int().min(1).max(4),
  format: z.string().max(40),
});
export type Made = z.output<typeof madeSchema>;
export const metadataSchema = z.object({
  width: side,
  height: side,
  pages: z.int().min(1).max(1_000_000).default(1),
  format: z.string().max(40),
  exif: bytesSchema(64 * MIB).exactOptional(),
});
export type Metadata = z.output<typeof metadataSchema>;
