/** What a drawer is: a few lines of tensor code from parameters to a picture, with a schema for its settings. */
import type { z } from 'zod';
import type { Graph, Shape, Tensor, Trace } from '../graph/index.ts';
import { trace, writeOnnx } from '../graph/index.ts';
import { seeded, seedFor } from '../random.ts';
import type { DrawerParameter, ReadyDrawer } from './protocol.ts';

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
  readonly height: number;
  readonly width: number;
  /** How far the run is, 0..1, []. */
  readonly progress: Tensor;
}

export interface Drawing {
  readonly parameters: readonly DrawerParameter[];
  /** Traced once for each size; `values` holds one tensor for each parameter. */
  draw(values: Readonly<Record<string, Tensor>>, context: DrawContext): Drawn;
}

export interface Drawer<S extends z.ZodType = z.ZodType> {
  readonly id: string;
  readonly title: string;
  readonly settings: S;
  /** Side of the canvas that is guided, in pixels. */
  readonly canvas: number;
  readonly paper: readonly [number, number, number];
  begin(settings: z.output<S>, random: () => number): Drawing;
}

/** Declares a drawer; the settings' types follow from the schema. */
export const defineDrawer = <S extends z.ZodType>(drawer: Drawer<S>): Drawer<S> => drawer;

export interface Sizes {
  readonly preview: number;
  readonly output: number;
}

/** Frames are drawn no larger than this: they are many, and made while the picture waits. */
const PREVIEW = 192;
export const sizesFor = (output: number): Sizes => ({ preview: Math.min(output, PREVIEW), output });

function drawingGraph(id: string, drawing: Drawing, side: number): Graph {
  return trace(`${id} at ${side} pixels`, (t) => {
    const values = Object.fromEntries(drawing.parameters.map((p) => [p.name, t.input(p.name, p.shape as Shape)]));
    const { colour, alpha, penalty } = drawing.draw(values, {
      t,
      height: side,
      width: side,
      progress: t.input('progress', []),
    });
    return { colour, alpha, penalty: penalty ?? t.scalar(0).mul(1).add(t.scalar(0)) };
  });
}

/** Makes a drawer ready for a run: its start from the seed, its graphs at the sizes that are needed. */
export function readyDrawer<S extends z.ZodType>(
  drawer: Drawer<S>,
  settings: z.input<S>,
  seed: number,
  sizes: Sizes,
): ReadyDrawer {
  const drawing = drawer.begin(drawer.settings.parse(settings), seeded(seedFor(seed, drawer.id)));
  const bytes = (side: number): Uint8Array => writeOnnx(drawingGraph(drawer.id, drawing, side));
  return {
    id: drawer.id,
    parameters: [...drawing.parameters],
    canvas: bytes(drawer.canvas),
    preview: bytes(sizes.preview),
    output: bytes(sizes.output),
    paper: [...drawer.paper],
  };
}
