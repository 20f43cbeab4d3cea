/** Regions of the canvas that a prompt may be bound to: named ones, and boxes in shares of the canvas. */

/** Shares of the canvas, 0..1 from its left and top. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const box = (left: number, top: number, right: number, bottom: number): Region => ({ left, top, right, bottom });
const [LESS, MORE] = [0.4, 0.6];

export const REGIONS: Readonly<Record<string, Region>> = {
  left: box(0, 0, 0.5, 1),
  right: box(0.5, 0, 1, 1),
  top: box(0, 0, 1, 0.5),
  bottom: box(0, 0.5, 1, 1),
  centre: box(0.25, 0.25, 0.75, 0.75),
  'top-left': box(0, 0, MORE, MORE),
  'top-right': box(LESS, 0, 1, MORE),
  'bottom-left': box(0, LESS, MORE, 1),
  'bottom-right': box(LESS, LESS, 1, 1),
};
const ALIASES: Readonly<Record<string, string>> = { center: 'centre', middle: 'centre' };
/** A region smaller than this share of the canvas shows a model nothing. */
export const SMALLEST_REGION = 0.05;

export const namedRegion = (name: string): Region | undefined => REGIONS[ALIASES[name] ?? name];

/** How a region is written. */
export function writtenRegion(r: Region): string {
  const named = Object.entries(REGIONS).find(
    ([, n]) => n.left === r.left && n.top === r.top && n.right === r.right && n.bottom === r.bottom,
  );
  return named ? named[0] : `(${r.left},${r.top},${r.right},${r.bottom})`;
}
