/** Pulls on a picture's colours and tones. */
import { z } from 'zod';
import type { Tensor } from '../../graph/index.ts';
import { defineLoss } from './loss.ts';

const none = z.object({});
const EPSILON = 1e-5;
/** Root of the mean square distance from the mean along axes. */
const deviation = (x: Tensor, axes: readonly number[]): Tensor =>
  x.sub(x.mean(axes, true)).square().mean(axes).add(EPSILON).sqrt();

export const saturation = defineLoss({
  id: 'saturation',
  description: 'stronger colours',
  settings: none,
  loss: (picture) => deviation(picture, [1]).mean().neg(),
});

export const contrast = defineLoss({
  id: 'contrast',
  description: 'lighter lights and darker darks',
  settings: none,
  loss: (picture) =>
    deviation(picture.mean([1]), [1, 2])
      .mean()
      .neg(),
});
