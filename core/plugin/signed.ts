/** A finished picture says how it was made. */
import { z } from 'zod';
import type { Engine } from '../engine/engine.ts';
import type { PluginEvent } from './events.ts';
import type { RegisteredPlugin } from './registry.ts';
import type { RunInputs } from './run-inputs.ts';
import { firstRecipe, recipeSchema, withRecipe } from './run-record.ts';

const fieldSchema = z.object({
  default: z.unknown().optional(),
  only: z.record(z.string(), z.array(z.unknown())).default({}),
});
const fieldsSchema = z.object({ properties: z.record(z.string(), fieldSchema) });

/** Parameters with what is meant where nothing is given, so that they mean the same should a default change. */
function withDefaults(schema: RegisteredPlugin['parameters'], given: unknown): Record<string, unknown> {
  const { properties } = fieldsSchema.safeParse(schema).data ?? { properties: {} };
  const values: Readonly<Record<string, unknown>> = { ...(typeof given === 'object' ? given : {}) };
  const meant = (name: string): unknown => values[name] ?? properties[name]?.default;
  /** Of a drawer that is not the one that draws, say, nothing is said. */
  const applies = ({ only }: z.output<typeof fieldSchema>): boolean =>
    Object.entries(only).every(([name, wanted]) => wanted.some((value) => value === meant(name)));
  const defaults = Object.entries(properties).flatMap(([name, field]) =>
    field.default === undefined || !applies(field) ? [] : [[name, field.default] as const],
  );
  return { ...Object.fromEntries(defaults), ...values };
}

type Picture = Extract<PluginEvent, { type: 'picture' }>;
const toldSchema = z.object({
  threads: z.int().positive().exactOptional(),
  onnxruntime: z.string().exactOptional(),
  steps: z.int().nonnegative().exactOptional(),
  others: z.array(z.string()).exactOptional(),
  script: z.array(z.object({ step: z.int().nonnegative(), change: z.json() })).default([]),
});

/** A finished picture with how it was made, in its record and, in a PNG or an SVG, in the file itself. */
export async function signedPicture(
  picture: Picture,
  plugin: RegisteredPlugin,
  given: unknown,
  engine: Engine,
  inputs: RunInputs,
): Promise<Picture> {
  const told = toldSchema.safeParse(picture.record ?? {});
  const recipe = recipeSchema.safeParse({
    ...(await firstRecipe(plugin, withDefaults(plugin.parameters, given), engine)),
    ...(await inputs.told()),
    ...told.data,
    script: told.data?.script.map(({ step, change }) => ({ step, steer: change })),
  });
  // A plugin that keeps a record of its own cannot be given again from outside.
  if (!recipe.success) return picture;
  return { ...picture, bytes: withRecipe(picture.bytes, recipe.data), record: recipe.data };
}
