/** Words that descriptions are built from, bank by bank. Nobody is named, no body is judged, and there are no slurs. */
import { STOCK_WORDS, withArticle } from '../../core/index.ts';

export interface Bank {
  readonly name: string;
  /** How a choice joins what was said before. */
  readonly join: (said: string, word: string) => string;
  readonly words: readonly string[];
}

const words = (text: string): string[] => text.split(',').map((word) => word.trim());

export const SUBJECTS: readonly string[] = STOCK_WORDS;
export const BANKS: readonly Bank[] = [
  {
    name: 'colour',
    join: (said, word) => `${word} ${said}`,
    words: words(
      'red, orange, yellow, green, teal, blue, purple, pink, brown, black, white, grey, golden, silver, colourful, black and white, pastel',
    ),
  },
  {
    name: 'medium',
    join: (said, word) => `${word} of ${withArticle(said)}`,
    words: words(
      'a photo, a drawing, a painting, an oil painting, a watercolour, a sketch, a line drawing, an icon, an emoji, a cartoon, a logo, clip art, a pixel art picture, a flat illustration, a 3d render, a woodcut, a collage, a mosaic, a silhouette, a doodle',
    ),
  },
  {
    name: 'composition',
    join: (said, word) => `${said}, ${word}`,
    words: words(
      'close up, from above, from the side, from afar, centred, on a white background, on a dark background, seen in full, cropped, symmetric, with a thick outline, several of them',
    ),
  },
  {
    name: 'mood',
    join: (said, word) => `${said}, ${word}`,
    words: words(
      'calm, joyful, lonely, dreamy, stormy, tender, solemn, playful, mysterious, gloomy, bright, festive, cold, warm',
    ),
  },
];
