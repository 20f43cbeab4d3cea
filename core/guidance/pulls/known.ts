/** The pulls that there are: those that ship with Lodestone, and those of others. */
import { PICTURE_PULLS, PLAIN_PULLS } from './index.ts';
import type { Loss } from './loss.ts';

const added: Loss[] = [];
/** Whether it needs nothing but a weight. */
export const isPlain = ({ settings }: Loss): boolean => settings.safeParse({}).success;

/** Those that need nothing but a weight. */
export const plainPulls = (): readonly Loss[] => [...PLAIN_PULLS, ...added.filter(isPlain)];
/** Those that look at a picture, which is their setting of that name, as RGB pixels. */
export const picturePulls = (): readonly Loss[] => [...PICTURE_PULLS, ...added.filter((pull) => !isPlain(pull))];

/** Before a plugin is imported whose parameters name pulls. */
export function addPull(pull: Loss): void {
  added.push(pull);
}
