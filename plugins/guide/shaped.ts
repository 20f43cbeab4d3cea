/** The drawer that is asked for, and how many shapes and things it has room for. */
import { type Drawer, drawers, failure, rangeOf } from '../../core/index.ts';

/** Those that there were when Guide was imported: its parameters are made of them. */
export const KNOWN = drawers();

/** Throws PARAMETER_INVALID. */
export function drawerOf({ drawer }: { readonly drawer: string }): Drawer {
  const known = KNOWN.find(({ id }) => id === drawer);
  if (!known) throw failure('PARAMETER_INVALID', { plugin: 'guide', what: `drawer: there is no "${drawer}" here` });
  return known;
}

/** Ids of the drawers of which a shared field sets something. */
export const sharing = (field: keyof NonNullable<Drawer['shared']>): string[] =>
  KNOWN.flatMap(({ id, shared }) => (shared?.[field] === undefined ? [] : [id]));

/** Whether its finished drawings can be put together. */
export const isShaped = (drawer: Drawer): boolean => drawer.scene !== undefined && drawer.shared?.count !== undefined;

/** A palette of more colours, or more shapes, than one of so many things is not asked for. */
const MOST_THINGS = 4;
/** How many things it can draw apart and put together. */
export const roomOf = (drawer: Drawer): number =>
  (drawer.scene?.grows ?? []).reduce((room, setting) => {
    const { usual, most } = rangeOf(drawer, setting);
    return Math.min(room, Math.floor(most / usual));
  }, MOST_THINGS);
