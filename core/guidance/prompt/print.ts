/** Writes prompts so that they are read as the same again. */
import { pictureName } from '../../engine/requests.ts';
import type { Prompt, PromptItem, PromptTarget } from '../protocol.ts';
import { type Region, writtenRegion } from './regions.ts';

/** Signs that mean something wherever they stand, and all that could end a part as a number. */
const escaped = (text: string): string => text.replace(/[\\|{}[\]@+:>]|^\s|\s$/gu, '\\$&');

const itemText = ({ text, picture, style }: PromptItem): string => {
  if (picture) return `[picture:${escaped(pictureName(picture))}]`;
  return style ? `[style:${escaped(pictureName(style))}]` : escaped(text ?? '');
};
const targetText = (target: PromptTarget): string => target.map(itemText).join(' + ');

/** What the prompt is about, without weight, stop and region. */
export const printTargets = ({ targets }: Prompt): string => targets.map(targetText).join(' -> ');

const percent = (share: number): string => `${Number((100 * share).toFixed(6))}%`;

/** What stands behind the place: mask, span, weight and stop. */
function printRest({ mask, span, weight, stop }: Prompt): string {
  const where = mask ? ` @[mask:${escaped(pictureName(mask))}]` : '';
  const when = span ? ` @${percent(span.from)}-${percent(span.to)}` : '';
  const numbers = stop === undefined ? (weight === 1 ? '' : `:${weight}`) : `:${weight}:${stop}`;
  return `${where}${when}${numbers}`;
}

/** The parts of a prompt with their places apart, so that one can be moved and the whole written again: `words @place rest`. */
export const printApart = (
  prompts: readonly Prompt[],
): { readonly words: string; readonly place?: Region; readonly rest: string }[] =>
  prompts.map((p) => ({
    words: printTargets(p),
    ...(p.region ? { place: p.region } : {}),
    rest: printRest(p),
  }));

export const printPrompt = (prompts: readonly Prompt[]): string =>
  printApart(prompts)
    .map(({ words, place, rest }) => `${words}${place ? ` @${writtenRegion(place)}` : ''}${rest}`)
    .join(' | ');
