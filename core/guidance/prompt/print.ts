/** Writes prompts so that they are read as the same again. */
import { pictureName } from '../../engine/requests.ts';
import type { Prompt, PromptItem, PromptTarget } from '../protocol.ts';
import { writtenRegion } from './regions.ts';

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

export const printPrompt = (prompts: readonly Prompt[]): string =>
  prompts
    .map((p) => {
      const region = p.region ? ` @${writtenRegion(p.region)}` : '';
      const mask = p.mask ? ` @[mask:${escaped(pictureName(p.mask))}]` : '';
      const span = p.span ? ` @${percent(p.span.from)}-${percent(p.span.to)}` : '';
      const numbers = p.stop === undefined ? (p.weight === 1 ? '' : `:${p.weight}`) : `:${p.weight}:${p.stop}`;
      return `${printTargets(p)}${region}${mask}${span}${numbers}`;
    })
    .join(' | ');
