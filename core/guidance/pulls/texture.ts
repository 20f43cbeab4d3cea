/** Pulls on how a picture is made up: smooth or grained, sharp, symmetric. */
import { z } from 'zod';
import type { Tensor } from '../../graph/index.ts';
import { smoothness } from '../drawers/opaque.ts';
import { defineLoss } from './loss.ts';

const none = z.object({});

export const smooth = defineLoss({
  id: 'smooth',
  description: 'neighbouring pixels alike (total variation)',
  settings: none,
  loss: (picture) => smoothness(picture),
});

/** Each pixel beside the mean of its four neighbours. */
function laplacian(picture: Tensor): Tensor {
  const [, , height = 1, width = 1] = picture.shape;
  const part = (top: number, left: number): Tensor =>
    picture.slice(2, top, height - 2 + top).slice(3, left, width - 2 + left);
  return part(1, 1).mul(4).sub(part(0, 1)).sub(part(2, 1)).sub(part(1, 0)).sub(part(1, 2));
}
export const sharpness = defineLoss({
  id: 'sharpness',
  description: 'more and harder edges',
  settings: none,
  loss: (picture) => laplacian(picture).square().add(1e-4).sqrt().mean().neg(),
});

export const symmetry = defineLoss({
  id: 'symmetry',
  description: 'left like right',
  settings: none,
  loss: (picture) =>
    picture
      .sub(picture.flip([3]))
      .square()
      .mean(),
});

export const sparse = defineLoss({
  id: 'sparse',
  description: 'less of the paper covered',
  settings: none,
  loss: (_, __, { alpha }) => alpha().mean(),
});
