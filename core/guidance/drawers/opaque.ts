/** For drawers that fill the whole canvas: no paper shows. A light pull towards smoothness keeps grain away. */
import type { Tensor, Trace } from '../../graph/index.ts';
import type { Drawn } from '../drawer.ts';

const WEIGHT = 0.5;

/** Mean absolute difference of neighbours (total variation), []. */
export function smoothness(picture: Tensor): Tensor {
  const [, , height = 1, width = 1] = picture.shape;
  const along = (axis: number, size: number): Tensor =>
    picture
      .slice(axis, 1, size)
      .sub(picture.slice(axis, 0, size - 1))
      .square()
      .add(1e-4)
      .sqrt()
      .mean();
  return along(2, height).add(along(3, width));
}

export function opaque(colour: Tensor, t: Trace): Drawn {
  const [, , height = 1, width = 1] = colour.shape;
  return { colour, alpha: t.scalar(1).expand([1, 1, height, width]), penalty: smoothness(colour).mul(WEIGHT) };
}
