/** A prompt's characters with what each means: a backslash makes the next one plain, and every character knows its place in the source. */
import { failure } from '../../errors.ts';

/** A stretch of the source. `signs` is as long as `text`; a character that is plain text for certain is a NUL there. */
export interface Stretch {
  readonly text: string;
  readonly signs: string;
  /** Place in the source of each character, and of what follows the last. */
  readonly places: readonly number[];
}

const PLAIN = '\0';

export function scan(source: string): Stretch {
  let text = '';
  let signs = '';
  const places: number[] = [];
  for (let i = 0; i < source.length; i++) {
    const escaped = source[i] === '\\' && i + 1 < source.length;
    if (escaped) i += 1;
    const c = source[i] ?? '';
    text += c;
    signs += escaped ? PLAIN : c;
    places.push(escaped ? i - 1 : i);
  }
  return { text, signs, places: [...places, source.length] };
}

export const part = ({ text, signs, places }: Stretch, from: number, to: number): Stretch => ({
  text: text.slice(from, to),
  signs: signs.slice(from, to),
  places: places.slice(from, to + 1),
});

/** Without white space at its ends; white space after a backslash stays. */
export function trimmed(stretch: Stretch): Stretch {
  const from = stretch.signs.search(/\S/u);
  if (from < 0) return part(stretch, stretch.text.length, stretch.text.length);
  return part(stretch, from, stretch.signs.trimEnd().length);
}

/** The pieces between the matches of a sign. */
export function split(stretch: Stretch, sign: RegExp): Stretch[] {
  const pieces: Stretch[] = [];
  let from = 0;
  for (const match of stretch.signs.matchAll(sign)) {
    pieces.push(part(stretch, from, match.index));
    from = match.index + match[0].length;
  }
  return [...pieces, part(stretch, from, stretch.text.length)];
}

const AROUND = 12;

/** Refuses a prompt, pointing at a character; places count from 1 for people. */
export function refuse(source: string, at: number, what: string): never {
  const near = source.slice(Math.max(0, at - AROUND), at + AROUND);
  const refused = failure('PROMPT_INVALID', {
    prompt: source.length > 200 ? `${source.slice(0, 200)}…` : source,
    what: `at character ${at + 1} (near "${near}") ${what}`,
  });
  throw Object.assign(refused, { at });
}
