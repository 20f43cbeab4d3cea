/** What a prompt wants where: whether it is a scene, how it may be laid out, and which of its things are drawn alone first. */
import { layoutsOf, type Prompt, parsePrompt, type Region, seeded, seedFor } from '../../core/index.ts';
import type { Parameters } from './parameters.ts';
import { drawerOf, isShaped, roomOf } from './shaped.ts';

/** What is asked for, laid out in the first way where there are any. */
export function askedOf(p: Parameters): { prompts: Prompt[]; laid: Prompt[][] } {
  if (p.prompt === '') return { prompts: [], laid: [] };
  const prompts = parsePrompt(p.prompt, seeded(seedFor(p.seed, 'words')));
  const laid = p.layout ? layoutsOf(prompts) : [];
  return { prompts: laid[0] ?? prompts, laid };
}
/** Whether things have places of their own. */
export const isScene = (p: Parameters): boolean => askedOf(p).prompts.some(({ region }) => region);

/** A prompt that is wanted in one place, all the time. */
export interface Placed extends Prompt {
  readonly region: Region;
}
const isPlaced = (prompt: Prompt): prompt is Placed =>
  prompt.region !== undefined && !prompt.mask && !prompt.span && prompt.targets.length === 1 && prompt.weight > 0;

/** The things of a layout that are to be drawn by themselves first; none where there is but one, or more than the drawer has room for. */
export const placedIn = (p: Parameters, prompts: readonly Prompt[]): readonly Placed[] => {
  const placed = prompts.filter(isPlaced);
  return placed.length > 1 && placed.length <= roomOf(drawerOf(p)) ? placed : [];
};
/** The same of what is asked for; none where the drawing begins as something else. */
export function thingsOf(p: Parameters): readonly Placed[] {
  const free = p.beginning === 'usual' && p.start.length === 0 && p.symmetry === 'none' && p.optimiser !== 'evolution';
  return p.apart && free && isShaped(drawerOf(p)) ? placedIn(p, askedOf(p).prompts) : [];
}
