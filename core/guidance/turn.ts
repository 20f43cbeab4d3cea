/** Pictures turned by three shears, each a product with a matrix of the angle: differentiable, with nothing gathered (Paeth, 1986). */
import type { Tensor } from '../graph/index.ts';

const upTo = (size: number): number[] => Array.from({ length: size }, (_, i) => i);

/** Moves each row of [n, c, h, w] sideways by `amount` [n, 1, 1, 1] times its distance from the middle row, in pixels, linearly between neighbours. */
function sheared(x: Tensor, amount: Tensor): Tensor {
  const [, , height = 1, width = 1] = x.shape;
  const rows = x.floats(
    upTo(height).map((r) => r - (height - 1) / 2),
    [1, height, 1, 1],
  );
  const apart = x.floats(
    upTo(width).flatMap((i) => upTo(width).map((j) => i - j)),
    [1, 1, width, width],
  );
  const shares = apart.sub(amount.mul(rows)).abs().neg().add(1).max(0);
  return x.transpose([0, 2, 1, 3]).matmul(shares).transpose([0, 2, 1, 3]);
}

/** Pictures [n, c, h, w] turned about their middle by `angle` [n, 1, 1, 1] in radians, within a quarter turn; what comes from outside is zero. */
export function turned(x: Tensor, angle: Tensor): Tensor {
  const half = angle.mul(0.5);
  const across = half.sin().div(half.cos()).neg();
  const down = angle.sin();
  const once = sheared(x, across);
  const twice = sheared(once.transpose([0, 1, 3, 2]), down).transpose([0, 1, 3, 2]);
  return sheared(twice, across);
}
