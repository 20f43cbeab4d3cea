/** Boxes in shares of the canvas: where things are wanted. */
import type { Update } from '../server/wire.ts';

export type Parts = NonNullable<Update['layout']>;
export type Place = NonNullable<Parts[number]['place']>;

/** Where a box stands until it is put elsewhere. */
export const MIDDLE: Place = { left: 0.25, top: 0.25, right: 0.75, bottom: 0.75 };

/** A smaller box shows a model little. */
const SMALLEST = 0.2;
const NUDGE = 0.02;

const rounded = (v: number): number => Math.round(100 * v) / 100;
const within = (v: number, low: number, high: number): number => Math.min(high, Math.max(low, v));

export function moved({ left, top, right, bottom }: Place, dx: number, dy: number): Place {
  const [x, y] = [within(dx, -left, 1 - right), within(dy, -top, 1 - bottom)];
  return { left: left + x, top: top + y, right: right + x, bottom: bottom + y };
}
export const sized = (place: Place, dx: number, dy: number): Place => ({
  ...place,
  right: within(place.right + dx, Math.min(1, place.left + SMALLEST), 1),
  bottom: within(place.bottom + dy, Math.min(1, place.top + SMALLEST), 1),
});

export interface Point {
  readonly x: number;
  readonly y: number;
}
/** The box of two of its corners; one that is too small grows from the first. */
export function between(from: Point, to: Point): Place {
  const span = (a: number, b: number): readonly [number, number] => {
    const [low, high] = a <= b ? [a, Math.max(b, a + SMALLEST)] : [Math.min(b, a - SMALLEST), a];
    const over = Math.max(0, high - 1) - Math.max(0, -low);
    return [low - over, high - over];
  };
  const [[left, right], [top, bottom]] = [span(from.x, to.x), span(from.y, to.y)];
  return { left, top, right, bottom };
}

/** What an arrow key moves. */
export const KEYS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-NUDGE, 0],
  ArrowRight: [NUDGE, 0],
  ArrowUp: [0, -NUDGE],
  ArrowDown: [0, NUDGE],
};

/** The prompt with its things at these places. */
export function written(parts: Parts): string {
  const place = (p: Place): string => ` @(${[p.left, p.top, p.right, p.bottom].map(rounded).join(',')})`;
  return parts.map((p) => `${p.words}${p.place ? place(p.place) : ''}${p.rest}`).join(' | ');
}
