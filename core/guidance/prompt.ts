/** The prompt grammar: `a red heart:2 | blurry:-0.5`. Words, an optional weight, bars between. */
import { failure } from '../errors.ts';
import type { Prompt } from './protocol.ts';
import { PROMPT_SLOTS } from './protocol.ts';

const WEIGHTED = /^(.*?):\s*([+-]?(?:\d+\.?\d*|\.\d+))$/su;
const LIMIT = 100;

/** Throws PROMPT_EMPTY, PROMPT_INVALID. */
export function parsePrompt(source: string): Prompt[] {
  const parts = source.split('|').map((part) => part.trim());
  if (parts.every((part) => part === '')) throw failure('PROMPT_EMPTY', {});
  if (parts.length > PROMPT_SLOTS)
    throw failure('PROMPT_INVALID', {
      prompt: source,
      what: `it has ${parts.length} parts, and ${PROMPT_SLOTS} is the most`,
    });
  const prompts = parts.map((part, i): Prompt => {
    const match = WEIGHTED.exec(part);
    const text = (match?.[1] ?? part).trim();
    const weight = match ? Number(match[2]) : 1;
    if (text === '') throw failure('PROMPT_INVALID', { prompt: source, what: `part ${i + 1} has no words` });
    if (Math.abs(weight) > LIMIT)
      throw failure('PROMPT_INVALID', {
        prompt: source,
        what: `the weight ${weight} of part ${i + 1} is not between -${LIMIT} and ${LIMIT}`,
      });
    return { text, weight };
  });
  if (prompts.every((p) => p.weight === 0))
    throw failure('PROMPT_INVALID', { prompt: source, what: 'every weight is zero' });
  return prompts;
}
