/** What a picture might otherwise show: everyday things and, in NOTHING, what it should not dissolve into. Prompts are told apart from these. */
import { withArticle } from '../clip/captions.ts';
import { STOCK_WORDS } from '../clip/stock-words.ts';

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

export const STOCK: readonly string[] = [...STOCK_WORDS.map(withArticle), ...NOTHING];
/** Prompts are embedded as the mean over these; `{bare}` is the prompt without its article. */
const PROMPT_TEMPLATES = [
  '{}',
  '{bare}',
  '{bare} emoji',
  '{bare} icon',
  'a flat illustration of {}',
  'a clip art illustration of {}',
  'a flat emoji of {}',
  'a cartoon of {}',
  '{} on a white background',
];
/** What a prompt is easily taken for: several of the thing, or the thing beside others. */
const CROWDS = ['two {bare}s', 'three {bare}s', 'four {bare}s', '{} and a person'];

const withPrompt = (template: string, prompt: string): string =>
  template.replaceAll('{bare}', prompt.replace(/^(?:an?|the)\s+/i, '')).replaceAll('{}', prompt);

export const sentencesFor = (prompt: string): string[] => PROMPT_TEMPLATES.map((t) => withPrompt(t, prompt));
export const crowdsOf = (prompt: string): string[] => CROWDS.map((t) => withPrompt(t, prompt));
export const CROWD_COUNT = CROWDS.length;

/** A stock word closer to a prompt than this cosine is the same thing in other words, and is left out. */
export const SAME_THING = 0.75;
