/** Tells when a loss has stopped falling: its running mean has had no new low for so many steps. */
import { z } from 'zod';

export const plateauSchema = z.object({
  /** Running mean of the loss, and the lowest it has been. */
  mean: z.number(),
  lowest: z.number(),
  /** Steps since then. */
  since: z.int().nonnegative(),
});
export type Plateau = z.infer<typeof plateauSchema>;

/** Share of the newest loss in the running mean. */
const SHARE = 0.05;
/** A new low must be lower by this share, or noise would count. */
const LOWER = 1e-3;

export function seenLoss(before: Plateau | undefined, loss: number): Plateau {
  if (!before) return { mean: loss, lowest: loss, since: 0 };
  const mean = before.mean + SHARE * (loss - before.mean);
  const lower = mean < before.lowest - LOWER * Math.abs(before.lowest);
  return { mean, lowest: lower ? mean : before.lowest, since: lower ? 0 : before.since + 1 };
}
