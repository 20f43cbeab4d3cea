/** What a drawer is: a few lines of tensor code from parameters to a picture, with a schema for its settings. */
import type { z } from 'zod';
import type { Graph, Shape, Tensor, Trace } from '../graph/index.ts';
import { trace, writeOnnx } from '../graph/index.ts';
import { gaussian, seeded, seedFor } from '../random.ts';
import type { Extent, Placing, Plane } from './plane.ts';
import type { Beginning, DrawerParameter, ReadyDrawer, ShapeRows } from './protocol.ts';
import { channelsOf, type SvgShape, writeSvg } from './svg.ts';

export interface Drawn {
  /** [1, 3, height, width], sRGB 0..1, already times alpha. */
  readonly colour: Tensor;
  /** [1, 1, height, width], 0..1. */
  readonly alpha: Tensor;
  /** What the drawer would rather not do, []. */
  readonly penalty?: Tensor;
}

export interface DrawContext {
  readonly t: Trace;
  /** Pixels. */
  readonly height: number;
  readonly width: number;
  readonly plane: Plane;
  /** How far the run is, 0..1, []. */
  readonly progress: Tensor;
  /** Whether this is what the model looks at, or what a person is shown. */
  readonly purpose: 'canvas' | 'picture';
}

/** Numbers of each parameter, by their names. */
export type Values = Readonly<Record<string, Float32Array>>;

export interface Drawing {
  readonly parameters: readonly DrawerParameter[];
  /** How many layers the size of the picture are made while it is drawn; 1 when absent. */
  readonly layers?: number;
  /** Which parameters hold what of its shapes, one row a shape; for drawings whose shapes can be put anew. */
  readonly rows?: Omit<ShapeRows, 'plane'>;
  /** Traced once for each size; `values` holds one tensor for each parameter. */
  draw(values: Readonly<Record<string, Tensor>>, context: DrawContext): Drawn;
  /** The parameters of the finished drawing made smaller and moved; what has faded is unseen. Only drawings of shapes that can be parts of others. */
  placed?(values: Values, to: Placing): Values;
  /** The drawing as shapes at `progress`, 0..1, in the order in which they are painted; only drawers that have shapes. */
  shapes?(values: Values, progress: number): readonly SvgShape[];
}

/** Fields that Guide has for all drawers, and that set something of one. */
export type SharedField = 'count' | 'text' | 'palette' | 'symmetry' | 'folds' | 'start' | 'mask';

export interface Drawer<S extends z.ZodType = z.ZodType> {
  /** Lower case, with hyphens. */
  readonly id: string;
  readonly title: string;
  /** What a picture is made of, in a few words: "brush strokes". */
  readonly description?: string;
  /** An object; each of its settings is a field of Guide's that shows while this drawer is chosen, or one that all drawers share. */
  readonly settings: S;
  /** Which setting a shared field sets: `{ count: 'strokes' }`. "start" and "mask" give pictures, as RGB pixels. */
  readonly shared?: Readonly<Partial<Record<SharedField, string>>>;
  /** For drawers whose finished drawings can be parts of others (`placed`), so that each thing of a scene is drawn by itself. */
  readonly scene?: {
    /** Settings of which there are to be as many times more as there are things. */
    readonly grows?: readonly string[];
    /** Whether a scene is drawn on a finer canvas; flat shapes fall into splinters there. */
    readonly finer?: boolean;
  };
  /** Side of a square canvas that is guided, in pixels; others have as many pixels. */
  readonly canvas: number;
  readonly paper: readonly [number, number, number];
  begin(settings: z.output<S>, random: () => number, plane: Plane): Drawing;
}

/** Declares a drawer; the settings' types follow from the schema. */
export const defineDrawer = <S extends z.ZodType>(drawer: Drawer<S>): Drawer<S> => drawer;

export interface Sizes {
  /** Longer sides, in pixels. */
  readonly preview: number;
  readonly output: number;
  /** Width by height; 1 when absent. */
  readonly aspect?: number;
}

/** Frames are drawn no larger than this: they are many, and made while the picture waits. */
const PREVIEW = 192;
export const sizesFor = (output: number, aspect = 1): Sizes => ({ preview: Math.min(output, PREVIEW), output, aspect });

export const planeOf = ({ aspect = 1 }: Sizes): Plane => ({ height: 1 / Math.sqrt(aspect), width: Math.sqrt(aspect) });
const whole = (x: number): number => Math.max(8, Math.round(x));
/** The size whose longer side is given. */
function within(longest: number, { height, width }: Plane): Extent {
  const unit = longest / Math.max(height, width);
  return { height: whole(height * unit), width: whole(width * unit) };
}

function drawingGraph(
  id: string,
  drawing: Drawing,
  size: Extent,
  plane: Plane,
  purpose: DrawContext['purpose'],
): Graph {
  return trace(`${id} at ${size.width} x ${size.height} pixels`, (t) => {
    const values = Object.fromEntries(drawing.parameters.map((p) => [p.name, t.input(p.name, p.shape as Shape)]));
    const context = { t, ...size, plane, purpose, progress: t.input('progress', []) };
    const { colour, alpha, penalty } = drawing.draw(values, context);
    return { colour, alpha, penalty: penalty ?? t.scalar(0).mul(1).add(t.scalar(0)) };
  });
}

export const begun = <S extends z.ZodType>(
  drawer: Drawer<S>,
  settings: z.input<S>,
  seed: number,
  sizes: Sizes,
): Drawing => drawer.begin(drawer.settings.parse(settings), seeded(seedFor(seed, drawer.id)), planeOf(sizes));

/** The canvas that is guided, in pixels. */
export function canvasExtent({ canvas }: Pick<Drawer, 'canvas'>, sizes: Sizes): Extent {
  const plane = planeOf(sizes);
  return { height: whole(canvas * plane.height), width: whole(canvas * plane.width) };
}

/** The same drawer on paper of another colour, `#rrggbb`; of its own when there is none. */
export function onPaper<S extends z.ZodType>(drawer: Drawer<S>, colour: string): Drawer<S> {
  if (colour === '') return drawer;
  const [red = 1, green = 1, blue = 1] = channelsOf(colour);
  return { ...drawer, paper: [red, green, blue] };
}

/** How many times finer a canvas is where things have places of their own: models see each of them in a part of it. */
const SCENE = 5 / 3;
/** The same drawer for a scene; only for drawers whose parameters do not depend on the size of the canvas. */
export const forScene = <S extends z.ZodType>(drawer: Drawer<S>): Drawer<S> => ({
  ...drawer,
  canvas: Math.round(SCENE * drawer.canvas),
});

/** Pixels of all layers that a graph may draw: 160 MB each time that they are touched. */
const LAYERED_PIXELS = 4e7;
/** A longer side at which all layers fit into memory; a larger picture is made from the SVG. */
function affordable(output: number, { layers = 1, shapes }: Drawing, plane: Plane): number {
  if (!shapes) return output;
  const { height, width } = within(output, plane);
  return Math.floor(output * Math.min(1, Math.sqrt(LAYERED_PIXELS / (layers * height * width))));
}

/** Makes a drawer ready for a run: its start from the seed, its graphs at the sizes that are needed. */
export function readyDrawer<S extends z.ZodType>(
  drawer: Drawer<S>,
  settings: z.input<S>,
  seed: number,
  sizes: Sizes,
): ReadyDrawer {
  const drawing = begun(drawer, settings, seed, sizes);
  const plane = planeOf(sizes);
  const bytes = (size: Extent, purpose: DrawContext['purpose']): Uint8Array =>
    writeOnnx(drawingGraph(drawer.id, drawing, size, plane, purpose));
  return {
    id: drawer.id,
    parameters: [...drawing.parameters],
    canvas: bytes(canvasExtent(drawer, sizes), 'canvas'),
    preview: bytes(within(sizes.preview, plane), 'picture'),
    output: bytes(within(affordable(sizes.output, drawing, plane), plane), 'picture'),
    paper: [...drawer.paper],
    ...(drawing.rows ? { shapes: { ...drawing.rows, plane } } : {}),
  };
}

/** The same drawing with the starts of another seed, for runs that try several beginnings. */
export function begunAgain<S extends z.ZodType>(
  ready: ReadyDrawer,
  drawer: Drawer<S>,
  settings: z.input<S>,
  seed: number,
  sizes: Sizes,
): ReadyDrawer {
  const { parameters } = begun(drawer, settings, seed, sizes);
  return { ...ready, parameters: [...parameters] };
}

/** What a run needs to know of another beginning. */
export const beginningOf = ({ parameters }: ReadyDrawer): Beginning => ({
  starts: Object.fromEntries(parameters.map((p) => [p.name, p.start])),
});

/** A drawing as SVG, for drawers of shapes; nothing for others. `values` are the parameters at the end, `progress` how far the run was then, 0..1. */
export function drawingSvg<S extends z.ZodType>(
  drawer: Drawer<S>,
  settings: z.input<S>,
  seed: number,
  sizes: Sizes,
  values: Values,
  progress = 1,
): string | undefined {
  const plane = planeOf(sizes);
  const shapes = begun(drawer, settings, seed, sizes).shapes?.(values, progress);
  return shapes && writeSvg(shapes, { plane, ...within(sizes.output, plane), paper: drawer.paper });
}

/** Rates of a parameter by which chance moves it. */
const NOISE = 12;
/** Logit of a shape that can hardly be seen, and still be found by a gradient. */
export const UNSEEN = -3.5;

/** The drawing before its first step: as the drawer has it, empty paper for drawings of shapes, or moved by chance. */
export function begunAs(how: 'usual' | 'blank' | 'noise', drawer: ReadyDrawer, seed: number): ReadyDrawer {
  if (how === 'usual') return drawer;
  const random = seeded(seedFor(seed, 'beginning'));
  const moved = (p: DrawerParameter): Float32Array =>
    p.start.map((v) => Math.min(p.high, Math.max(p.low, v + NOISE * p.rate * gaussian(random))));
  const blank = (p: DrawerParameter): Float32Array =>
    p.name === drawer.shapes?.presence ? p.start.map(() => UNSEEN) : p.start;
  const start = how === 'noise' ? moved : blank;
  return { ...drawer, parameters: drawer.parameters.map((p) => ({ ...p, start: start(p) })) };
}
