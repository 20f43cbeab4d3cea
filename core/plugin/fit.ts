/** Whether words fit a picture, said only as far as it is known. */

import type { Engine } from '../engine/engine.ts';
import type { PictureSource } from '../engine/requests.ts';
import { dot, row } from '../engine/scores.ts';

export interface Fit {
  /** -1..1; of use beside other cosines of the same model alone. */
  readonly cosine: number;
  /** The percent of everyday words that fit the picture less, 0..100; nothing where the model cannot tell. */
  readonly percentile?: number;
  /** Whether it may be called a fit. */
  readonly fits: boolean;
  /** Why it may, or why not. */
  readonly why: string;
}

/** One word of twenty that has nothing to do with the picture stands as high. */
const FITS_FROM = 95;

/** Throws PICTURE_UNREADABLE and what else a picture cannot be read for. */
export async function fitOf(
  engine: Pick<Engine, 'embedAll' | 'embedTexts' | 'usual'>,
  picture: PictureSource,
  words: string,
  signal: AbortSignal,
): Promise<Fit> {
  const [one, text, usual] = await Promise.all([
    engine.embedAll([picture], { signal }),
    engine.embedTexts([words], { signal }),
    engine.usual({ signal }),
  ]);
  const own = row(one, 0);
  const cosine = dot(own, row(text, 0));
  if (!usual.knows) return { cosine, fits: false, why: 'This model does not say how well words usually fit.' };
  const [percentile = 0] = usual.with(text)(own);
  const fits = percentile >= FITS_FROM;
  const says = `It fits better than ${Math.min(99, Math.floor(percentile))} % of everyday words`;
  const why = fits ? `${says}.` : `${says}; from ${FITS_FROM} % on it may be called a fit.`;
  return { cosine, percentile, fits, why };
}
