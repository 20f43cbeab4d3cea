/** The words of prompts. */
import type { Prompt } from '../protocol.ts';

/** The words of a prompt's targets, in order; pictures have none. */
export const textsOf = (p: Prompt): string[] =>
  p.targets.flat().flatMap(({ text }) => (text === undefined ? [] : [text]));
