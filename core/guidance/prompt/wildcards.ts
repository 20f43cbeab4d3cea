/** Wildcards: `{oil|ink} painting` becomes one of its choices and `{colour}` a word of a list, by a seed. */
import { refuse } from './scan.ts';

const WORD_LISTS: Readonly<Record<string, readonly string[]>> = {
  colour: ['red', 'orange', 'yellow', 'green', 'teal', 'blue', 'purple', 'pink', 'brown', 'black', 'white', 'golden'],
  animal: ['cat', 'dog', 'fox', 'owl', 'fish', 'whale', 'horse', 'rabbit', 'bear', 'butterfly', 'bee', 'turtle'],
  plant: ['tree', 'flower', 'tulip', 'rose', 'cactus', 'mushroom', 'fern', 'sunflower', 'palm tree', 'leaf'],
  medium: ['oil', 'ink', 'watercolour', 'charcoal', 'pastel', 'woodcut', 'collage', 'mosaic', 'embroidery'],
  mood: ['calm', 'joyful', 'lonely', 'dreamy', 'stormy', 'tender', 'solemn', 'playful', 'mysterious'],
  weather: ['sunny', 'rainy', 'snowy', 'foggy', 'windy', 'cloudy'],
};
const DEEPEST = 16;

/** Reads a source once, from its beginning to its end. */
class Reader {
  private readonly source: string;
  private readonly random: () => number;
  private at = 0;

  constructor(source: string, random: () => number) {
    this.source = source;
    this.random = random;
  }

  /** The text of each choice up to the brace that closes (or the end, outside of all braces). */
  choices(opened: number | undefined, depth: number): string[] {
    const found = [''];
    for (; this.at < this.source.length; this.at += 1) {
      const c = this.source[this.at] ?? '';
      if (c === '}') {
        if (opened === undefined) this.refuse('a brace closes that was not opened; write \\} for the sign itself');
        return found;
      }
      if (c === '|' && opened !== undefined) found.push('');
      else found.push(`${found.pop() ?? ''}${this.piece(c, depth)}`);
    }
    if (opened !== undefined) {
      this.at = opened;
      this.refuse('a brace is not closed; write \\{ for the sign itself');
    }
    return found;
  }

  private piece(c: string, depth: number): string {
    if (c === '\\' && this.at + 1 < this.source.length) {
      this.at += 1;
      return `${c}${this.source[this.at]}`;
    }
    if (c !== '{') return c;
    if (depth >= DEEPEST) this.refuse(`there are more than ${DEEPEST} braces within each other`);
    const opened = this.at;
    this.at += 1;
    const inner = this.choices(opened, depth + 1);
    const words = inner.length === 1 ? this.listed(inner[0]?.trim() ?? '', opened) : inner.map((t) => t.trim());
    return words[Math.floor(this.random() * words.length)] ?? '';
  }

  /** The words of a list. */
  private listed(name: string, opened: number): readonly string[] {
    const found = Object.hasOwn(WORD_LISTS, name) ? WORD_LISTS[name] : undefined;
    if (found || name === '') return found ?? [''];
    this.at = opened;
    const known = Object.keys(WORD_LISTS).join(', ');
    return this.refuse(`there is no list "${name.slice(0, 40)}": there are ${known}; write \\{ for the sign itself`);
  }

  private refuse(what: string): never {
    return refuse(this.source, this.at, what);
  }
}

/** The source with every pair of braces replaced by one of its choices. Throws PROMPT_INVALID where braces do not match. */
export const expanded = (source: string, random: () => number): string =>
  new Reader(source, random).choices(undefined, 0).join('');
