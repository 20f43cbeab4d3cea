/** Imports a plugin file, or one of a drawer or a pull, and checks that it is one. Runs its code: use it only in a process made for that. */
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { failure, messageOf } from '../errors.ts';
import type { Drawer } from '../guidance/drawer.ts';
import { addDrawer, ownSettings } from '../guidance/drawers/known.ts';
import { addPull } from '../guidance/pulls/known.ts';
import type { Loss } from '../guidance/pulls/loss.ts';
import { GROUPS, ID, type Plugin } from './define.ts';
import { WANTS, wantsSchema } from './wants.ts';

const zodObject = z.custom<z.ZodObject>(
  (v) => typeof v === 'object' && v !== null && 'safeParse' in v && 'shape' in v,
  'a zod object',
);
const pluginShape = z.object({
  id: z.string(),
  title: z.string().min(1),
  description: z.string().min(1),
  version: z.string().min(1),
  parameters: zodObject,
  run: z.custom<Plugin['run']>((v) => typeof v === 'function', 'an async generator function'),
  aliases: z.array(z.string()).optional(),
  wants: wantsSchema.optional(),
  about: z.string().max(4000).optional(),
  group: z.enum(GROUPS).optional(),
  steerable: z.boolean().optional(),
  paintable: z.boolean().optional(),
  extensible: z.boolean().optional(),
});
const share = z.number().min(0).max(1);
const drawerShape = z.object({
  id: z.string().regex(ID, 'lower case letters, digits and hyphens'),
  title: z.string().min(1).max(60),
  description: z.string().min(1).max(200).optional(),
  settings: zodObject,
  shared: z
    .partialRecord(z.enum(['count', 'text', 'palette', 'symmetry', 'folds', 'start', 'mask']), z.string())
    .optional(),
  scene: z.object({ grows: z.array(z.string()).optional(), finer: z.boolean().optional() }).optional(),
  canvas: z.int().min(8).max(512),
  paper: z.tuple([share, share, share]),
  begin: z.custom<Drawer['begin']>((v) => typeof v === 'function', 'a function'),
});
const pullShape = z.object({
  id: z.string().regex(ID, 'lower case letters, digits and hyphens'),
  description: z.string().min(1).max(200),
  settings: zodObject,
  loss: z.custom<Loss['loss']>((v) => typeof v === 'function', 'a function'),
});

export type Loaded =
  | { readonly kind: 'plugin'; readonly plugin: Plugin }
  | { readonly kind: 'drawer'; readonly drawer: Drawer }
  | { readonly kind: 'pull'; readonly pull: Loss };

export const loadingSchema = z.object({
  /** What the person knows it by. */
  file: z.string(),
  /** What is imported: see ready.ts. */
  module: z.string(),
});
type Loading = z.infer<typeof loadingSchema>;

const MADE_BY = { plugin: 'definePlugin({...})', drawer: 'defineDrawer({...})', pull: 'definePull({...})' } as const;
type Kind = keyof typeof MADE_BY;

/** What an export is meant to be, by what only that has. */
function kindOf(exported: unknown): Kind | undefined {
  if (typeof exported !== 'object' || exported === null) return undefined;
  if ('run' in exported || 'parameters' in exported) return 'plugin';
  if ('begin' in exported || 'canvas' in exported) return 'drawer';
  return 'loss' in exported ? 'pull' : undefined;
}

/** What is wrong with it, with the name of what is wrong. */
function unfit(kind: Kind, { issues }: z.ZodError): string {
  if (issues.some((issue) => issue.path[0] === 'wants'))
    return `what it wants is not to be had; there are ${Object.keys(WANTS).join(', ')}`;
  const each = issues.slice(0, 3).map(({ path, message }) => `"${path.join('.')}": ${message}`);
  return `its default export is no ${kind} as ${MADE_BY[kind]} makes it (${each.join('; ')})`;
}

const CONTROLS = new Set(['number', 'integer', 'boolean', 'string']);
const settingSchema = z.object({ type: z.string().optional(), default: z.json() });
/** Whether a setting can be a field: one that a person can leave alone, and that has a control. */
function hasControl(setting: z.ZodType): boolean {
  try {
    const { type = 'string' } = settingSchema.parse(z.toJSONSchema(setting, { io: 'input' }));
    return CONTROLS.has(type);
  } catch {
    return false;
  }
}
/** What is wrong with a drawer's settings, by the name of the first that is. */
function settingsUnfit(drawer: Drawer): string | undefined {
  const named = Object.entries(drawer.shared ?? {});
  const names = drawer.settings instanceof z.ZodObject ? Object.keys(drawer.settings.shape) : [];
  const missing = [...named.map(([, setting]) => setting), ...(drawer.scene?.grows ?? [])].find(
    (s) => !names.includes(s),
  );
  if (missing !== undefined) return `its settings have no "${missing}", which "shared" or "scene" names`;
  const bad = ownSettings(drawer).find(([, schema]) => !hasControl(schema));
  if (bad) return `its setting "${bad[0]}" is to be a number, a switch, words or a choice, with a default`;
  return undefined;
}

function read(exported: unknown): Loaded | string {
  const kind = kindOf(exported);
  switch (kind) {
    case undefined:
      return `it has no default export that ${Object.values(MADE_BY).join(', ')} or defineSketch({...}) made`;
    case 'plugin': {
      const parsed = pluginShape.safeParse(exported);
      return parsed.success ? { kind, plugin: withAll(parsed.data) } : unfit(kind, parsed.error);
    }
    case 'drawer': {
      const parsed = drawerShape.safeParse(exported);
      if (!parsed.success) return unfit(kind, parsed.error);
      const drawer = parsed.data as Drawer; // absent and undefined are one here
      return settingsUnfit(drawer) ?? { kind, drawer };
    }
    case 'pull': {
      const parsed = pullShape.safeParse(exported);
      return parsed.success ? { kind, pull: parsed.data } : unfit(kind, parsed.error);
    }
  }
}
const withAll = ({
  aliases = [],
  wants = [],
  group = 'make',
  steerable = false,
  paintable = false,
  extensible = false,
  about = '',
  ...rest
}: z.output<typeof pluginShape>): Plugin => ({
  ...rest,
  aliases,
  wants,
  group,
  steerable,
  paintable,
  extensible,
  about,
});

/** Throws PLUGIN_INVALID. */
export async function loadModule({ file, module }: Loading): Promise<Loaded> {
  const imported: unknown = await import(pathToFileURL(module).href).catch((cause: unknown) => {
    throw failure('PLUGIN_INVALID', { file, what: messageOf(cause) }, cause);
  });
  const found = read((imported as { default?: unknown }).default);
  if (typeof found === 'string') throw failure('PLUGIN_INVALID', { file, what: found });
  return found;
}

/** A plugin, to which the drawers and pulls are known that it is to have beside those that ship with Lodestone. Throws PLUGIN_INVALID. */
export async function loadPlugin(loading: Loading, extensions: readonly Loading[] = []): Promise<Plugin> {
  // One after the other: they are offered in this order.
  for (const extension of extensions) {
    const found = await loadModule(extension);
    if (found.kind === 'drawer') addDrawer(found.drawer);
    else if (found.kind === 'pull') addPull(found.pull);
  }
  const found = await loadModule(loading);
  if (found.kind === 'plugin') return found.plugin;
  throw failure('PLUGIN_INVALID', { file: loading.file, what: `it is a ${found.kind}, which cannot be run by itself` });
}
