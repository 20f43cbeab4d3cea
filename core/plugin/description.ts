/** What the outside knows of a plugin: all of it plain data, of bounded length. */
import { z } from 'zod';
import { GROUPS } from './define.ts';
import { wantsSchema } from './wants.ts';

const words = (longest: number) => z.string().max(longest);

export const pluginDescriptionSchema = z.object({
  id: words(60),
  aliases: z.array(words(60)).max(20),
  title: words(200),
  description: words(1000),
  version: words(60),
  /** A paragraph for its page; may be empty. */
  about: words(4000),
  group: z.enum(GROUPS).default('make'),
  /** Whether a run listens to being steered. */
  steerable: z.boolean(),
  /** Whether a run lets people paint on its drawing. */
  paintable: z.boolean(),
  /** Whether its parameters are made of the drawers and pulls that there are. */
  extensible: z.boolean().default(false),
  /** What it asks for beyond what every plugin has. */
  wants: wantsSchema,
  /** JSON Schema of the parameters as they are given, with titles, bounds, defaults and each field's `control`. */
  parameters: z.record(z.string(), z.unknown()),
});
export type PluginDescription = z.infer<typeof pluginDescriptionSchema>;

/** Of a drawer or a pull, which plugins have in their parameters. */
const extensionDescriptionSchema = z.object({
  kind: z.enum(['drawer', 'pull']),
  id: words(60),
  title: words(200),
  description: words(1000),
  /** Of a pull: whether it looks at a picture, which is named in brackets behind it. */
  pictured: z.boolean().default(false),
});
export type ExtensionDescription = z.infer<typeof extensionDescriptionSchema>;
export const descriptionSchema = z.union([extensionDescriptionSchema, pluginDescriptionSchema]);
export type Description = z.infer<typeof descriptionSchema>;
