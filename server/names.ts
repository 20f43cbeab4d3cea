/** Names of files from words: letters and digits of all scripts, hyphens between them. */
const LONGEST = 60;

/** Never empty, never begins with a hyphen or a dot. */
export function fileName(words: string, longest = LONGEST): string {
  const plain = words
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}_]+/gu, '-')
    .replace(/^[-\p{M}]+/u, '');
  // By characters: half of one is none.
  return [...plain].slice(0, longest).join('').replace(/-+$/, '') || 'picture';
}

/** What a picture's file name ends in. */
export const extensionOf = (mime: string): string =>
  mime.slice('image/'.length).replace('jpeg', 'jpg').replace('svg+xml', 'svg');
