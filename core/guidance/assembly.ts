/** Scenes put together: finished drawings of shapes become parts of a larger one, each in a place of its own. */
import type { z } from 'zod';
import { joinedFloats } from '../arrays.ts';
import { begun, type Drawer, type Drawing, planeOf, type Sizes, type Values } from './drawer.ts';
import type { Placing, Plane } from './plane.ts';
import type { Region } from './prompt/regions.ts';

/** A finished drawing, and where it belongs. */
export interface Part<S extends z.ZodType> {
  readonly settings: z.input<S>;
  readonly sizes: Sizes;
  readonly values: Values;
  readonly place: Region;
}

/** In shares of the canvas. */
const areaOf = ({ left, top, right, bottom }: Region): number => (right - left) * (bottom - top);

/** Width by height of a place on a canvas of that aspect. */
export const aspectWithin = ({ left, top, right, bottom }: Region, aspect: number): number =>
  (aspect * (right - left)) / (bottom - top);

/** As large as fits into the place, in its middle. */
function placing(own: Plane, whole: Plane, { left, top, right, bottom }: Region): Placing {
  const scale = Math.min(((right - left) * whole.width) / own.width, ((bottom - top) * whole.height) / own.height);
  return {
    scale,
    left: ((left + right) * whole.width - scale * own.width) / 2,
    top: ((top + bottom) * whole.height - scale * own.height) / 2,
  };
}

interface Placed {
  readonly drawing: Drawing;
  readonly values: Values;
}

/** Each shape chooses among the colours of its own part alone: [rows, colours of all]. */
function sharesOf(all: readonly Placed[], name: string, palette: string): Float32Array {
  const coloursOf = ({ values }: Placed): number => (values[palette]?.length ?? 0) / 3;
  const total = all.reduce((sum, one) => sum + coloursOf(one), 0);
  let before = 0;
  const parts = all.map((one) => {
    const [own, shares] = [coloursOf(one), one.values[name] ?? new Float32Array()];
    const rows = shares.length / own;
    const low = one.drawing.parameters.find((p) => p.name === name)?.low ?? 0;
    const wide = new Float32Array(rows * total).fill(low);
    for (let row = 0; row < rows; row++) wide.set(shares.subarray(row * own, (row + 1) * own), row * total + before);
    before += own;
    return wide;
  });
  return joinedFloats(parts);
}

/**
 * Parameters of one drawing that holds the shapes of all parts, smaller places in front of larger ones: as many shapes and colours as they have
 * together. Its drawer's kind is theirs; `sizes` are its own.
 */
export function assembled<S extends z.ZodType>(drawer: Drawer<S>, parts: readonly Part<S>[], sizes: Sizes): Values {
  const whole = planeOf(sizes);
  const ordered = parts.toSorted((a, b) => areaOf(a.place) - areaOf(b.place));
  const placed = ordered.map(({ settings, sizes: own, values, place }): Placed => {
    const drawing = begun(drawer, settings, 0, own);
    return { drawing, values: drawing.placed?.(values, placing(planeOf(own), whole, place)) ?? values };
  });
  const [first] = placed;
  const mix = first?.drawing.rows?.mix;
  const names = first?.drawing.parameters.map((p) => p.name) ?? [];
  const of = (name: string): Float32Array =>
    mix?.shares === name
      ? sharesOf(placed, name, mix.palette)
      : joinedFloats(placed.map(({ values }) => values[name] ?? new Float32Array()));
  return Object.fromEntries(names.map((name) => [name, of(name)]));
}
