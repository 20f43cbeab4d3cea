/** Pictures opened, changed and written, in sharp's words. Where that is done is for the process to say: see `workImagesWith`. */
import type { ResizeOptions, Sharp } from 'sharp';
import { z } from 'zod';
import { bytesSchema } from '../schemas.ts';
import { cautious } from './cautious.ts';
import {
  FILE_LIMIT,
  type ImageJob,
  type ImageOptions,
  imageJobSchema,
  type Made,
  type Metadata,
  madeSchema,
  metadataSchema,
  STEPS,
  type StepName,
} from './job.ts';
import type { Raster } from './opaque.ts';
import { type SketchJob, sketchJobSchema } from './sketch-job.ts';

/** Who works jobs off. What it answers is parsed here. */
export interface ImageWorker {
  image(job: ImageJob): Promise<unknown>;
  sketch(job: SketchJob): Promise<unknown>;
}

let worker: ImageWorker = cautious;
/** From now on all pictures of this process are opened by `other`, until what it gives back is called. */
export function workImagesWith(other: ImageWorker): () => void {
  const before = worker;
  worker = other;
  return () => {
    if (worker === other) worker = before;
  };
}

type Steps = {
  readonly [K in Exclude<StepName, 'resize' | 'composite'>]: (...args: Parameters<Sharp[K]>) => Image;
};
interface Layer {
  readonly input: Uint8Array;
  readonly left?: number;
  readonly top?: number;
  readonly blend?: 'darken' | 'lighten';
}
export interface Image extends Steps {
  resize(width: number | null, height?: number | null, options?: ResizeOptions): Image;
  /** Layers are encoded pictures, SVG among them. */
  composite(layers: readonly Layer[]): Image;
  /** The encoded bytes, or pixels after `raw`. Throws PICTURE_UNREADABLE, PICTURE_TOO_LARGE. */
  toBuffer(): Promise<Uint8Array>;
  /** The same with its size. */
  made(): Promise<Made>;
  metadata(): Promise<Metadata>;
}

export type Source = string | Uint8Array | readonly Uint8Array[] | undefined;

const inputOf = (source: Source): ImageJob['input'] => {
  if (source === undefined) return {};
  if (typeof source === 'string') return { path: source };
  return source instanceof Uint8Array ? { bytes: source } : { pages: [...source] };
};

function written(job: Omit<ImageJob, 'end'>): Image {
  const ended = (end: ImageJob['end']): Promise<unknown> => worker.image(imageJobSchema.parse({ ...job, end }));
  const made = async (): Promise<Made> => madeSchema.parse(await ended('buffer'));
  const step =
    (name: StepName) =>
    (...args: unknown[]) =>
      // The job's schema checks the arguments when the picture is asked for.
      written({ ...job, steps: [...job.steps, [name, args] as ImageJob['steps'][number]] });
  return {
    ...(Object.fromEntries(STEPS.map((name) => [name, step(name)])) as unknown as Steps &
      Pick<Image, 'resize' | 'composite'>), // one a name of the list
    made,
    toBuffer: async () => (await made()).data,
    metadata: async () => metadataSchema.parse(await ended('metadata')),
  };
}

/** A picture in a file or in bytes, the pages of one, or one that `options` describe. `label` names it in errors. */
export const image = (source?: Source, options: ImageOptions = {}, label = 'the picture'): Image =>
  written({ input: inputOf(source), options, steps: [], label });

const rasterSchema = z.object({
  width: z.int().positive(),
  height: z.int().positive(),
  data: bytesSchema(FILE_LIMIT),
});

/** RGB, upright, over white. Throws PICTURE_UNREADABLE, PICTURE_TOO_LARGE. */
export async function decode(source: Uint8Array | string, options: ImageOptions, label: string): Promise<Raster> {
  const job = { input: inputOf(source), options, steps: [], end: 'decode' as const, label };
  return rasterSchema.parse(await worker.image(imageJobSchema.parse(job)));
}

/** A sketch as an encoded picture. */
export const drawSketch = async (job: SketchJob): Promise<Uint8Array> =>
  bytesSchema(FILE_LIMIT).parse(await worker.sketch(sketchJobSchema.parse(job)));
