/** Pulls a picture towards a photograph's composition: where it is light and dark, and nothing of what it shows. `--pulls "composition[photo.jpg]:4"` */

import { definePull, planesOf, rasterSchema } from 'lodestone/plugin';
import { z } from 'zod';

/** Fields along a side: fewer leave more freedom. */
const FIELDS = 6;

/** Means of each field of `size` pixels: [FIELDS, size], row by row. */
const means = (size: number): number[] =>
  Array.from({ length: FIELDS }, (_, field) => {
    const own = Array.from({ length: size }, (_p, i) => Number(Math.floor((i * FIELDS) / size) === field));
    const count = own.reduce((a, b) => a + b, 0) || 1;
    return own.map((v) => v / count);
  }).flat();

export default definePull({
  id: 'composition',
  description: 'light and dark where a picture has them',
  settings: z.object({ picture: rasterSchema }),
  loss(picture, { picture: photo }, context) {
    const { t, height, width } = context;
    const fields = (of: typeof picture) =>
      t
        .constant(means(height), [FIELDS, height])
        .matmul(of.mean([0, 1]))
        .matmulTransposed(t.constant(means(width), [FIELDS, width]), 'right');
    const wanted = t.constant(planesOf(photo, context), [1, 3, height, width]);
    const [own, other] = [fields(picture), fields(wanted)];
    // Counted from the mean of each: a dark photograph asks for no dark picture.
    return own.sub(own.mean()).sub(other.sub(other.mean())).square().mean().mul(10);
  },
});
