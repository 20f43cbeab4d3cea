/** Imports a plugin file and checks that it is one. Runs plugin code: use it only in a process made for that. */
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { failure, messageOf } from '../errors.ts';
import type { Plugin } from './define.ts';

const shape = z.object({
  id: z.string(),
  title: z.string().min(1),
  description: z.string().min(1),
  version: z.string().min(1),
  parameters: z.custom<z.ZodObject>(
    (v) => typeof v === 'object' && v !== null && 'safeParse' in v && 'shape' in v,
    'a zod object',
  ),
  run: z.custom<Plugin['run']>((v) => typeof v === 'function', 'an async generator function'),
  aliases: z.array(z.string()).optional(),
  about: z.string().max(4000).optional(),
  steerable: z.boolean().optional(),
  paintable: z.boolean().optional(),
});

/** Throws PLUGIN_INVALID. */
export async function loadPlugin(file: string): Promise<Plugin> {
  try {
    const module: unknown = await import(pathToFileURL(file).href);
    const parsed = shape.parse((module as { default?: unknown }).default);
    const { aliases = [], steerable = false, paintable = false, about = '', ...rest } = parsed;
    return { ...rest, aliases, steerable, paintable, about };
  } catch (cause) {
    const what =
      cause instanceof z.ZodError ? 'its default export is not made by definePlugin({...})' : messageOf(cause);
    throw failure('PLUGIN_INVALID', { file, what }, cause);
  }
}
