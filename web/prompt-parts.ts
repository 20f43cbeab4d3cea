/** A prompt as it is written: enough of its grammar to colour it and to put a slider beside each part. The server is who reads it. */

type Kind = 'words' | 'bar' | 'weight' | 'place' | 'change' | 'style';
export interface Piece {
  readonly kind: Kind;
  readonly text: string;
}

const PIECES =
  /(?<bar>\|)|(?<change>->|@\d+(?:\.\d+)?%(?:-\d+(?:\.\d+)?%)?)|(?<place>@(?:\([^)|]*\)|[a-z][a-z-]*))|(?<weight>:-?\d+(?:\.\d+)?(?![\w.]))|(?<style>\[[^\]|]*\])/gi;

/** All of the text, piece by piece. */
export function piecesOf(prompt: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of prompt.matchAll(PIECES)) {
    if (match.index > from) pieces.push({ kind: 'words', text: prompt.slice(from, match.index) });
    const kind = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined)?.[0] as Kind; // the groups are named so
    pieces.push({ kind, text: match[0] });
    from = match.index + match[0].length;
  }
  if (from < prompt.length) pieces.push({ kind: 'words', text: prompt.slice(from) });
  return pieces;
}

/** The same pieces, those that begin at a place marked as far as the next bar. */
export function upTo(pieces: readonly Piece[], at: number | undefined): (Piece & { readonly wrong: boolean })[] {
  if (at === undefined) return pieces.map((piece) => ({ ...piece, wrong: false }));
  const marked: (Piece & { readonly wrong: boolean })[] = [];
  let from = 0;
  let over = false;
  for (const piece of pieces) {
    const split = Math.min(piece.text.length, Math.max(0, at - from));
    const [before, after] = [piece.text.slice(0, split), piece.text.slice(split)];
    over ||= piece.kind === 'bar' && from > at;
    if (before !== '') marked.push({ ...piece, text: before, wrong: false });
    if (after !== '') marked.push({ ...piece, text: after, wrong: !over });
    from += piece.text.length;
  }
  return marked;
}

export interface Part {
  readonly words: string;
  readonly weight: number;
}

/** Where or when, at the end of a part. */
const PLACE = /(?:\s+@\S+)+\s*$/;
const WEIGHT = /:(-?\d+(?:\.\d+)?)(?![\w.])/;

/** What stands between bars, with how much each counts. */
export const partsOf = (prompt: string): Part[] =>
  prompt.split('|').map((text) => ({
    words: text.replace(WEIGHT, '').replace(PLACE, '').trim(),
    weight: Number(WEIGHT.exec(text)?.[1] ?? 1),
  }));

/** The same prompt with another weight of one part. */
export function weighed(prompt: string, index: number, weight: number): string {
  const written = weight === 1 ? '' : `:${weight}`;
  return prompt
    .split('|')
    .map((text, i) => {
      if (i !== index) return text;
      if (WEIGHT.test(text)) return text.replace(WEIGHT, written);
      // Before the place or the change that follows the words.
      const end = /\s*(?:@|->|$)/.exec(text.trimEnd())?.index ?? text.length;
      return `${text.slice(0, end)}${written}${text.slice(end)}`;
    })
    .join('|');
}
