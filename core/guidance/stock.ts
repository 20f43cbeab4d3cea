/** What a picture might otherwise show: everyday things and, in NOTHING, what it should not dissolve into. Prompts are told apart from these. */
import { withArticle } from '../clip/captions.ts';
import { STOCK_WORDS } from '../clip/stock-words.ts';
import { fill } from '../engine/templates.ts';

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
/** The same without their articles, in small letters. */
export const STOCK_THINGS: readonly string[] = STOCK.map((text) => text.toLowerCase().replace(/^(?:an?|the) /, ''));

/** All words of texts, and all runs of up to three of them, in the singular too: what these texts name. */
export function wordsOf(texts: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const text of texts) {
    const words = text.toLowerCase().match(/[\p{L}\p{N}'-]+/gu) ?? [];
    for (let length = 1; length <= LONGEST_THING; length++)
      for (let i = 0; i + length <= words.length; i++) {
        const run = words.slice(i, i + length).join(' ');
        for (const form of [run, run.replace(/s$/, ''), run.replace(/es$/, ''), run.replace(/ies$/, 'y')])
          found.add(form);
      }
  }
  return found;
}
/** Words of the longest stock word. */
const LONGEST_THING = 3;

/** Whether a text says how many things it wants: it is not told apart from several of them then. */
export const saysHowMany = (text: string): boolean =>
  /^\s*(?:some|many|several|few|a few|a pair of|two|three|four|five|six|seven|eight|nine|ten|twelve|\d+|a (?:crowd|flock|herd|group|bunch|row|pile|field) of)\s/i.test(
    text,
  );
/** What a prompt is easily taken for: several of the thing, or the thing beside others. */
const CROWDS = ['two {bare}s', 'three {bare}s', 'four {bare}s', '{} and a person'];

export const crowdsOf = (prompt: string): string[] => CROWDS.map((template) => fill(template, prompt));
export const CROWD_COUNT = CROWDS.length;

/** A stock word closer to a prompt than this cosine is the same thing in other words, and is left out. */
export const SAME_THING = 0.75;
