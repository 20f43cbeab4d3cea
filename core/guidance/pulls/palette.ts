/** A pull towards colours of a palette. */
import { z } from 'zod';
import { channelsOf } from '../svg.ts';
import { defineLoss } from './loss.ts';

/** Smaller chooses the nearest colour more firmly. */
const MIXING = 0.02;

export const palette = defineLoss({
  id: 'palette',
  description: 'every pixel close to one of these colours',
  settings: z.object({
    colours: z
      .array(z.string().regex(/^#[0-9a-f]{6}$/i, 'a colour like #1a2b3c'))
      .min(1)
      .max(32),
  }),
  loss(picture, { colours }, { t }) {
    const table = t.constant(colours.flatMap(channelsOf), [colours.length, 3, 1, 1]);
    const apart = picture.sub(table).square().sum([1]);
    // A soft minimum: the mean of the distances by how near each colour is.
    const near = apart.div(-MIXING).softmax(0);
    return near.mul(apart).sum([0]).mean();
  },
});
