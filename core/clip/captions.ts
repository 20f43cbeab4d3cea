/** Captions of everyday things, which a model's scores are compared with: what any picture scores for words that it has nothing to do with. */
import { STOCK_WORDS } from './stock-words.ts';

export const withArticle = (word: string): string => `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
export const STOCK_CAPTIONS: readonly string[] = STOCK_WORDS.map(withArticle);
