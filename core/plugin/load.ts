/** Imports a plugin file and checks that it is one. Runs plugin code: use it only in a process made for that. */
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { failure, messageOf } from '../errors.ts';
import { GROUPS, type Plugin } from './define.ts';
import { WANTS, wantsSchema } from './wants.ts';

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
  wants: wantsSchema.optional(),
  about: z.string().max(4000).optional(),
  group: z.enum(GROUPS).optional(),
  steerable: z.boolean().optional(),
  paintable: z.boolean().optional(),
});

const unfit = ({ issues }: z.ZodError): string =>
  issues.some((issue) => issue.path[0] === 'wants')
    ? `what it wants is not to be had; there are ${Object.keys(WANTS).join(', ')}`
    : 'its default export is not made by definePlugin({...})';

interface Loading {
  /** What the person knows it by. */
  readonly file: string;
  /** What is imported: see ready.ts. */
  readonly module: string;
}

/** Throws PLUGIN_INVALID. */
export async function loadPlugin({ file, module }: Loading): Promise<Plugin> {
  try {
    const imported: unknown = await import(pathToFileURL(module).href);
    const parsed = shape.parse((imported as { default?: unknown }).default);
    const {
      aliases = [],
      wants = [],
      group = 'make',
      steerable = false,
      paintable = false,
      about = '',
      ...rest
    } = parsed;
    return { ...rest, aliases, wants, group, steerable, paintable, about };
  } catch (cause) {
    const what = cause instanceof z.ZodError ? unfit(cause) : messageOf(cause);
    throw failure('PLUGIN_INVALID', { file, what }, cause);
  }
}
