/** Grids of several sizes, each enlarged smoothly and added: large forms come before grain. */
import { resamplingMatrix } from '../../clip/resample.ts';
import type { Tensor } from '../../graph/index.ts';
import type { DrawContext } from '../drawer.ts';
import type { DrawerParameter } from '../protocol.ts';
import { named } from './layers.ts';

/** One grid of three channels for each side, all zero; coarser ones learn faster. */
export const pyramidParameters = (sides: readonly number[]): DrawerParameter[] =>
  sides.map((side, i) => ({
    name: `grid${side}`,
    shape: [1, 3, side, side],
    start: new Float32Array(3 * side * side),
    rate: 0.1 * (1.5 - 0.25 * i),
    low: -8,
    high: 8,
  }));

/** The sum of the grids at the size of the picture, [1, 3, h, w]. */
export function pyramid(
  values: Readonly<Record<string, Tensor>>,
  sides: readonly number[],
  { t, height, width }: DrawContext,
): Tensor {
  const enlarged = sides.map((side) => {
    const matrix = (size: number): Tensor => t.constant(resamplingMatrix(side, size, 'bicubic'), [size, side]);
    const grid = named(values, `grid${side}`);
    return matrix(height).matmul(grid).matmulTransposed(matrix(width).unsqueeze(0), 'right');
  });
  return enlarged.reduce((a, b) => a.add(b));
}
