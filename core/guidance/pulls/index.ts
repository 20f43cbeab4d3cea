/** The pulls that ship with Lodestone, by id. */

import { contrast, saturation } from './colour.ts';
import { palette } from './palette.ts';
import { edges, histogram, likeness } from './reference.ts';
import { sharpness, smooth, sparse, symmetry } from './texture.ts';

export { defineLoss, type Loss, type LossContext, readyLoss } from './loss.ts';
export { palette };

/** Those that need nothing but a weight. */
export const PLAIN_PULLS = [smooth, sharpness, symmetry, saturation, contrast, sparse] as const;
/** Those that look at a picture. */
export const PICTURE_PULLS = [likeness, edges, histogram] as const;
