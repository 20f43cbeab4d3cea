/** The drawer that is asked for, made ready for a run. */
import {
  aspectOf,
  assembled,
  type Beginning,
  beginningOf,
  begunAgain,
  begunAs,
  canvasExtent,
  type Drawer,
  decodePicture,
  drawingSvg,
  failure,
  forScene,
  onPaper,
  ownField,
  ownSettings,
  type PluginContext,
  type ReadyDrawing,
  type Region,
  rangeOf,
  readyDrawer,
  type SharedField,
  type Sizes,
  sizesFor,
  type Values,
} from '../../core/index.ts';
import type { Parameters } from './parameters.ts';
import { isScene, thingsOf } from './scene.ts';
import { drawerOf, isShaped } from './shaped.ts';

/** A drawing that has been finished, where it belongs on the canvas of all, and the sizes that it was drawn at. */
export interface Thing {
  readonly values: Values;
  readonly place: Region;
  readonly sizes: Sizes;
}

export interface Ready extends ReadyDrawing {
  readonly extent: { readonly height: number; readonly width: number };
  /** The beginning that another seed gives. */
  readonly again: (seed: number) => Beginning;
  /** What a drawing that holds them all begins with: several that this drawer has made, put together. */
  readonly together: (things: readonly Thing[], whole: Sizes) => Values;
}

/** Share of the usual number of shapes that each thing of a scene is drawn with. */
const OF_A_THING = 0.6;

/** How many shapes a drawer draws; each of several things has a share of them, and no more than there is room for. */
function countOf(p: Parameters, drawer: Drawer): { readonly each: number; readonly things: number } {
  const { usual, most } = rangeOf(drawer, drawer.shared?.count ?? '');
  const [count, things] = [p.count > 0 ? p.count : usual, thingsOf(p).length];
  if (things === 0) return { each: count, things: 1 };
  return { each: Math.max(1, Math.min(Math.round(OF_A_THING * count), Math.floor(most / things))), things };
}

/** The parameters by which one thing of a scene is drawn alone. */
export const aloneAs = (p: Parameters, seed: number): Parameters => ({
  ...p,
  seed,
  layout: false,
  prompt: '',
  ...(isShaped(drawerOf(p)) ? { count: countOf(p, drawerOf(p)).each } : {}),
});

type Settings = Readonly<Record<string, unknown>>;

/** What fields that drawers share set of this one; things that are drawn apart have their part of what grows with them. */
async function sharedSettings(p: Parameters, drawer: Drawer, context: PluginContext): Promise<Settings> {
  const { shared = {}, scene } = drawer;
  const found: Record<string, unknown> = {};
  for (const [field, setting] of Object.entries(shared) as [SharedField, string][]) // of an object that says so
    if (field === 'count') {
      const { each, things } = countOf(p, drawer);
      found[setting] = each * things;
      for (const grown of scene?.grows ?? [])
        found[grown] = things * (Number(ownOf(p, drawer)[grown]) || rangeOf(drawer, grown).usual);
    } else found[setting] = field === 'start' || field === 'mask' ? await raster(p, field, context) : p[field];
  return found;
}

/** What the drawer's own fields say. */
function ownOf(p: Settings, drawer: Drawer): Settings {
  const own = ownSettings(drawer).map(([setting]) => [setting, p[ownField(drawer, setting)]] as const);
  return Object.fromEntries(own.filter(([, value]) => value !== undefined));
}

/** The drawer with the parameters that concern it, at sizes of its own where they are given. */
export async function ready(
  p: Parameters,
  context: PluginContext,
  sizes = sizesFor(p.size, aspectOf(p.aspect)),
): Promise<Ready> {
  const chosen = drawerOf(p);
  const given: Settings = { ...ownOf(p, chosen), ...(await sharedSettings(p, chosen, context)) };
  const at = sizesOf(p, chosen, given, sizes);
  const own = isScene(p) && chosen.scene?.finer ? forScene(chosen) : chosen;
  const drawer = onPaper(own, p.paper);
  const first = readyDrawer(drawer, given, p.seed, at);
  return {
    drawer: begunAs(p.beginning, first, p.seed),
    again: (seed) => beginningOf(begunAs(p.beginning, begunAgain(first, drawer, given, seed, at), seed)),
    extent: canvasExtent(drawer, at),
    svg: (values, progress) => drawingSvg(drawer, given, p.seed, at, values, progress),
    together: (things, whole) =>
      assembled(
        own,
        things.map((thing) => ({ ...thing, settings: given })),
        whole,
      ),
  };
}

/** A drawer that changes a picture draws in its shape. */
function sizesOf(p: Parameters, { shared }: Drawer, given: Settings, sizes: Sizes): Sizes {
  const [picture, mask] = [shared?.start, shared?.mask].map((setting) => given[setting ?? ''] as Raster | undefined); // as raster() gave them
  if (!picture) return sizes;
  if (mask) checkMask(picture, mask);
  return sizesFor(p.size, picture.width / picture.height);
}

type Raster = Awaited<ReturnType<typeof decodePicture>>;
/** Throws MASK_INVALID when the mask is of another shape than the picture. */
function checkMask(picture: Raster, mask: Raster): void {
  if (Math.abs((mask.width * picture.height) / (mask.height * picture.width) - 1) > 0.1)
    throw failure('MASK_INVALID', {
      mask: 'The mask',
      what: `it is ${mask.width} x ${mask.height}, and the picture ${picture.width} x ${picture.height}`,
    });
}

async function raster(p: Parameters, name: 'start' | 'mask', { pictures }: PluginContext): Promise<Raster> {
  const [picture] = p[name].length > 0 ? await pictures(p[name]) : [];
  if (!picture)
    throw failure('PARAMETER_INVALID', {
      plugin: 'guide',
      what: `${name}: "${p.drawer}" changes a picture, so it wants one here`,
    });
  return decodePicture('path' in picture ? picture.path : picture.bytes, name);
}
