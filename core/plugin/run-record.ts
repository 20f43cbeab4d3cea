/** What a finished picture says of how it was made: enough to make it again, and to tell what is missing where that cannot be. */
import { z } from 'zod';
import type { Engine } from '../engine/engine.ts';
import { failure } from '../errors.ts';
import { carried, carrying } from '../picture-text.ts';
import { parsedJson } from '../schemas.ts';
import { namedIn } from './extensions.ts';
import type { RegisteredPlugin } from './registry.ts';
import { scriptSchema } from './steer.ts';

const LENGTH_LIMIT = 16 << 20;

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);
const inputSchema = z.object({ path: z.string().max(4096), sha256: sha256Schema });
export type RecordedInput = z.infer<typeof inputSchema>;

export const recipeSchema = z.object({
  format: z.literal(1),
  plugin: z.object({ id: z.string(), version: z.string() }),
  /** Drawers and pulls of others that it was made with, and SHA-256 of the file of each. */
  extensions: z
    .array(z.object({ kind: z.enum(['drawer', 'pull']), id: z.string().max(60), sha256: sha256Schema }))
    .max(100)
    .exactOptional(),
  parameters: z.record(z.string(), z.json()),
  /** SHA-256 over the model's files, and what it was asked for by. */
  model: z.object({ hash: z.string(), name: z.string().exactOptional(), variant: z.string().exactOptional() }),
  /** Sums are rounded in another order with another number of threads. */
  threads: z.int().positive().max(1024).exactOptional(),
  onnxruntime: z.string().exactOptional(),
  /** Hashes of the models that guided or judged beside that one. */
  others: z.array(z.string().max(200)).max(100).exactOptional(),
  /** Pictures that it began from. */
  inputs: z.array(inputSchema).max(100_000),
  /** In their place where they are too many to be named: how many, and SHA-256 over their hashes in order. */
  many: z.object({ count: z.int().positive(), sha256: sha256Schema }).exactOptional(),
  script: scriptSchema,
  /** Steps that were done. */
  steps: z.int().nonnegative().exactOptional(),
});
/** How a picture was made by a plugin. */
export type Recipe = z.infer<typeof recipeSchema>;
export type RecordedInputs = Pick<Recipe, 'inputs' | 'many'>;

/** How a run begins, before anything is known of how it goes. Throws RECORD_INVALID. */
export async function firstRecipe(
  { id, version, extensions: known }: RegisteredPlugin,
  parameters: unknown,
  engine: Engine,
): Promise<Recipe> {
  const { hash, variant } = await engine.info();
  const name = engine.modelName;
  const extensions = namedIn(parameters, known).map((e) => ({ kind: e.kind, id: e.id, sha256: e.ready.sha256 }));
  const json = JSON.stringify({
    format: 1,
    plugin: { id, version },
    ...(extensions.length > 0 ? { extensions } : {}),
    parameters,
    model: { hash, ...(name ? { name } : {}), ...(variant ? { variant } : {}) },
    threads: engine.threads,
    inputs: [],
    script: [],
  });
  return parseRecipe(json, 'this run');
}

/** Throws RECORD_INVALID. */
export const parseRecipe = (json: string, where: string): Recipe =>
  parsedJson(recipeSchema, json, (what) => failure('RECORD_INVALID', { where, what }));

/** A PNG or an SVG that says how it was made. */
export const withRecipe = (picture: Uint8Array, recipe: Recipe): Uint8Array =>
  carrying(picture, JSON.stringify(recipe));

/** What a picture says of how it was made: PNG, SVG, JPEG or WebP. Throws RECORD_MISSING for one that says nothing, RECORD_INVALID. */
export async function recipeOf(picture: Uint8Array, where: string): Promise<Recipe> {
  const text = await carried(picture);
  if (text === undefined) throw failure('RECORD_MISSING', { where });
  if (text.length > LENGTH_LIMIT) throw failure('RECORD_INVALID', { where, what: 'it is far too long' });
  return parseRecipe(text, where);
}
