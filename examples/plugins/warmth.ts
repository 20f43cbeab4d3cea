/** Pulls a picture towards warm colours, or with a weight below zero towards cold ones. */

import { definePull } from 'lodestone/plugin';
import { z } from 'zod';

export default definePull({
  id: 'warmth',
  description: 'more red than blue',
  settings: z.object({
    aim: z.number().min(0).max(1).default(0.6).meta({ description: 'How much more red than blue is enough' }),
  }),
  loss(picture, { aim }) {
    const [red, blue] = [picture.slice(1, 0, 1), picture.slice(1, 2, 3)];
    const missing = red.sub(blue).neg().add(aim);
    // Nothing is gained by more than enough.
    return missing.max(0).square().mean();
  },
});
