/** Pulls towards a picture: its pixels, its edges, its colours. */
import { z } from 'zod';
import type { Tensor } from '../../graph/index.ts';
import { planesOf, rasterSchema } from '../raster.ts';
import { defineLoss, type LossContext } from './loss.ts';

const settings = z.object({ picture: rasterSchema });
const EPSILON = 1e-4;

/** The reference at canvas size, [1, 3, h, w] in 0..1. */
const reference = ({ picture }: z.output<typeof settings>, context: LossContext): Tensor =>
  context.t.constant(planesOf(picture, context), [1, 3, context.height, context.width]);

export const likeness = defineLoss({
  id: 'like',
  description: 'close to a picture, pixel by pixel',
  settings,
  loss: (picture, given, context) => picture.sub(reference(given, context)).square().mean(),
});

/** How strongly the brightness changes at each pixel, [1, h - 1, w - 1]. */
function edgeStrength(picture: Tensor): Tensor {
  const [, , height = 1, width = 1] = picture.shape;
  const gray = picture.mean([1]);
  const part = (top: number, left: number): Tensor =>
    gray.slice(1, top, height - 1 + top).slice(2, left, width - 1 + left);
  const [right, below] = [part(0, 1).sub(part(0, 0)), part(1, 0).sub(part(0, 0))];
  return right.square().add(below.square()).add(EPSILON).sqrt();
}
export const edges = defineLoss({
  id: 'edges',
  description: 'edges where a picture has them',
  settings,
  loss: (picture, given, context) =>
    edgeStrength(picture)
      .sub(edgeStrength(reference(given, context)))
      .square()
      .mean()
      .mul(10),
});

const BINS = 8;
/** Shares of pixels near each of eight levels of each channel, [3, BINS]. */
function levels(picture: Tensor, { t, height, width }: LossContext): Tensor {
  const centres = Array.from({ length: BINS }, (_, i) => (i + 0.5) / BINS);
  const apart = picture
    .reshape([3, 1, height * width])
    .sub(t.constant(centres, [1, BINS, 1]))
    .square();
  return apart
    .mul(-2 * BINS * BINS)
    .softmax(1)
    .mean([2]);
}
export const histogram = defineLoss({
  id: 'colours',
  description: 'the colours of a picture, wherever they are',
  settings,
  loss: (picture, given, context) =>
    levels(picture, context)
      .sub(levels(reference(given, context), context))
      .square()
      .sum(),
});
