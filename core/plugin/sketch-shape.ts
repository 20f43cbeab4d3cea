/** What an artist's sketch is: numbers with bounds, and a function that draws them on a 2D canvas. */
import type { SketchContext } from '../image/recorder.ts';

/** What draws of a 2D context as browsers have it; it cannot be asked what it has drawn, nor how wide words are (use `textAlign`). */
export type SketchCanvas = SketchContext;

/** Numbers of a sketch, each between two bounds; one unless `count` says how many. */
export interface Gene {
  readonly low: number;
  readonly high: number;
  readonly count?: number;
}

export interface SketchFrame {
  /** The canvas is a square from 0 to `size` in both directions. */
  readonly size: number;
  /** Uniform numbers in [0, 1), the same ones in the same order for every drawing of a run: grain that does not evolve. */
  readonly random: () => number;
}

export interface Sketch<G extends Readonly<Record<string, Gene>>> {
  /** Lower case, with hyphens; the command's name. */
  readonly id: string;
  readonly title: string;
  /** One sentence. */
  readonly description: string;
  readonly version: string;
  readonly genes: G;
  /** Draws on a blank canvas of the paper's colour. */
  draw(context: SketchCanvas, genes: Readonly<Record<keyof G, readonly number[]>>, frame: SketchFrame): void;
  /** CSS colour behind the drawing. */
  readonly paper?: string;
}
