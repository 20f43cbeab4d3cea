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

export const printPrompt = (prompts: readonly Prompt[]): string =>
  prompts
    .map((p) => {
      const region = p.region ? ` @${writtenRegion(p.region)}` : '';
      const numbers = p.stop === undefined ? (p.weight === 1 ? '' : `:${p.weight}`) : `:${p.weight}:${p.stop}`;
      return `${printTargets(p)}${region}${numbers}`;
    })
    .join(' | ');
