/** Text in a file as programs of all systems write it. */
import { failure } from './errors.ts';

const MARKS: readonly (readonly [encoding: string, mark: readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];
/** Control characters that no list holds: what has them is no text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/;

/** Latin letters in UTF-16 without a mark have a zero in every other byte. */
function unmarked(bytes: Uint8Array): string {
  const half = (rest: number): number => bytes.subarray(0, 512).filter((b, i) => b === 0 && i % 2 === rest).length;
  const enough = Math.min(512, bytes.byteLength) / 4;
  if (bytes.byteLength < 4) return 'utf-8';
  return half(1) > enough ? 'utf-16le' : half(0) > enough ? 'utf-16be' : 'utf-8';
}

/** UTF-8 or UTF-16, with a byte-order mark or without. `name` names the file. Throws TEXT_UNREADABLE for bytes that are no text. */
export function decodeText(bytes: Uint8Array, name: string): string {
  const [encoding] = MARKS.find(([, mark]) => mark.every((b, i) => bytes[i] === b)) ?? [unmarked(bytes)];
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    if (CONTROL.test(text)) throw new TypeError('it holds control characters');
    return text;
  } catch (cause) {
    throw failure('TEXT_UNREADABLE', { file: name }, cause);
  }
}
