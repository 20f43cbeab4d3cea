/** Prompts that are pictures: far closer to each other than to any words, so they stand among pictures. */
import type { ParsedGuideRequest, Prompt } from '../protocol.ts';

export const isPictured = ({ targets }: Prompt): boolean => targets.some((t) => t.some((item) => item.picture));

/** Whether a run asks with pictures, now or later. */
export const asksWithPictures = ({ prompts, script, plan }: ParsedGuideRequest): boolean =>
  [...prompts, ...[...script, ...plan].flatMap(({ change }) => change.prompts ?? [])].some(isPictured);
