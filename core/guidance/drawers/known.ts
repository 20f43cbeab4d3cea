/** The drawers that there are: those that ship with Lodestone, and those of others. */
import { z } from 'zod';
import type { Drawer } from '../drawer.ts';
import { blobs, blocks, field, fourier, glyphs, inpaint, pixels, plotter, polygons, strokes, tiles } from './index.ts';

/** In the order in which they are offered. */
const SHIPPED: readonly Drawer[] = [
  strokes,
  blobs,
  polygons,
  plotter,
  glyphs,
  blocks,
  field,
  tiles,
  pixels,
  fourier,
  inpaint,
];
const added: Drawer[] = [];

export const drawers = (): readonly Drawer[] => [...SHIPPED, ...added];

/** Before a plugin is imported that draws by any drawer: its parameters are made of those that are known then. */
export function addDrawer(drawer: Drawer): void {
  added.push(drawer);
}

/** The schema of each of a drawer's settings. */
const settingsOf = ({ settings }: Drawer): Readonly<Record<string, z.ZodType>> =>
  settings instanceof z.ZodObject ? settings.shape : {};

/** What a setting of a drawer's own is called among Guide's fields: no two drawers ask for the same. */
export const ownField = ({ id }: Pick<Drawer, 'id'>, setting: string): string => `${id}.${setting}`;

/** Settings that no shared field sets. */
export function ownSettings(drawer: Drawer): readonly (readonly [setting: string, schema: z.ZodType])[] {
  const shared = Object.values(drawer.shared ?? {});
  return Object.entries(settingsOf(drawer)).filter(([setting]) => !shared.includes(setting));
}

const numberSchema = z.object({ default: z.number(), maximum: z.number().optional() });
/** What a number among the settings is by itself, and at most. Throws where it is no number with a default. */
export function rangeOf(drawer: Drawer, setting: string): { readonly usual: number; readonly most: number } {
  const schema = settingsOf(drawer)[setting] ?? z.never();
  const { default: usual, maximum: most = usual } = numberSchema.parse(z.toJSONSchema(schema, { io: 'input' }));
  return { usual, most };
}
