/** Symmetries: a shape is drawn again mirrored or turned about the middle of the plane, so the drawing is symmetric whatever its shapes do. */
import { z } from 'zod';
import type { Tensor } from '../../graph/index.ts';
import type { DrawContext } from '../drawer.ts';
import type { Plane } from '../plane.ts';

export const symmetrySchema = z.enum(['none', 'mirror', 'both', 'rotation', 'kaleidoscope']).default('none').meta({
  title: 'Symmetry',
  description: 'What the picture is repeated by',
});
export const foldsSchema = z.int().min(2).max(16).default(6).meta({
  title: 'Folds',
  description: 'How often, for rotation and kaleidoscope',
});

interface Chosen {
  readonly symmetry: z.output<typeof symmetrySchema>;
  readonly folds: number;
}

/** [a, b, c, d]: (x, y) from the middle goes to (a x + b y, c x + d y). */
type Turn = readonly [number, number, number, number];

/** Where each shape is drawn; the first place is its own. */
export function turnsOf({ symmetry, folds }: Chosen): Turn[] {
  if (symmetry === 'none') return [[1, 0, 0, 1]];
  if (symmetry === 'mirror' || symmetry === 'both') {
    const across: Turn[] = [
      [1, 0, 0, 1],
      [-1, 0, 0, 1],
    ];
    return symmetry === 'mirror' ? across : [...across, [1, 0, 0, -1], [-1, 0, 0, -1]];
  }
  const turns = Array.from({ length: folds }, (_, k): Turn => {
    const angle = (2 * Math.PI * k) / folds;
    return [Math.cos(angle), -Math.sin(angle), Math.sin(angle), Math.cos(angle)];
  });
  return symmetry === 'rotation'
    ? turns
    : turns.flatMap(([a, b, c, d]): Turn[] => [
        [a, b, c, d],
        [-a, b, -c, d],
      ]);
}

/** Points [n, k, 2] of each shape at each of its places: [n * turns, k, 2], the places of one shape after each other. */
export function repeatedPoints(points: Tensor, turns: readonly Turn[], { t, plane }: DrawContext): Tensor {
  const [count = 1, each = 1] = points.shape;
  if (turns.length === 1) return points;
  const middle = t.constant([plane.width / 2, plane.height / 2], [1, 1, 2]);
  // Rows are points, so the matrices stand transposed.
  const matrices = t.constant(
    turns.flatMap(([a, b, c, d]) => [a, c, b, d]),
    [1, turns.length, 2, 2],
  );
  const turned = points.sub(middle).unsqueeze(1).matmul(matrices);
  return turned.reshape([count * turns.length, each, 2]).add(middle);
}

/** Rows [n, c] of each shape for each of its places: [n * turns, c]. */
export function repeatedRows(rows: Tensor, turns: readonly Turn[]): Tensor {
  const [count = 1, width = 1] = rows.shape;
  return rows
    .unsqueeze(1)
    .expand([count, turns.length, width])
    .reshape([count * turns.length, width]);
}

/** Points (x, y, x, y, …) at one of the places. */
export const turnedPoints = (points: Float32Array, [a, b, c, d]: Turn, { width, height }: Plane): Float32Array =>
  points.map((_, i) => {
    const at = i - (i % 2);
    const [x, y] = [(points[at] ?? 0) - width / 2, (points[at + 1] ?? 0) - height / 2];
    return i % 2 === 0 ? a * x + b * y + width / 2 : c * x + d * y + height / 2;
  });
