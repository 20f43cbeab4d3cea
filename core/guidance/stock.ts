/** What a picture might otherwise show: everyday things and, in NOTHING, what it should not dissolve into. Prompts are told apart from these. */
import { STOCK_WORDS } from './stock-words.ts';

const NOTHING = [
  'a pattern',
  'a texture',
  'noise',
  'text',
  'a gradient',
  'an abstract painting',
  'a blurry photo',
  'scribbles',
];
const withArticle = (word: string): string => `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;

export const STOCK: readonly string[] = [...STOCK_WORDS.map(withArticle), ...NOTHING];
/** Prompts are embedded as the mean over these. */
export const PROMPT_TEMPLATES: readonly string[] = [
  '{}',
  'a flat emoji of {}',
  'a clip art illustration of {}',
  '{} emoji',
  'an icon of {}',
];
/** A stock word closer to a prompt than this cosine is the same thing in other words, and is left out. */
export const SAME_THING = 0.75;
