/** Words of the vocabulary that would raise a score in the place of one that is there: first by the gradient at the token embeddings, to first order. */
import { trace } from '../graph/index.ts';
import { compile, floatsOf, wholeNumbers } from '../graph/session.ts';
import type { ClipModel } from './model.ts';
import { callTower, mainInput, tokenEmbeddings } from './towers.ts';

export interface Replacement {
  /** Which token of the text is replaced, from 0; what marks its beginning is none of them. */
  readonly place: number;
  /** The word that is proposed. */
  readonly word: string;
  /** By how much the value would rise, to first order. */
  readonly gain: number;
}

/** Ids in a row that have no text, after which the vocabulary has ended. */
const BEYOND = 256;
const MOST_IDS = 300_000;
/** A token that is a whole word: its end is marked, or its beginning is. */
const WHOLE = /^(?:[▁Ġ]([a-z]{3,})|([a-z]{3,})<\/w>)$/u;

/** Whole words of a vocabulary by their ids. */
function wordsOf(token: (id: number) => string): Map<number, string> {
  const words = new Map<number, string>();
  for (let id = 0, empty = 0; empty < BEYOND && id < MOST_IDS; id++) {
    const text = token(id);
    empty = text === '' ? empty + 1 : 0;
    const found = WHOLE.exec(text);
    const word = found?.[1] ?? found?.[2];
    if (word !== undefined) words.set(id, word);
  }
  return words;
}

/** The `count` best replacements in a text, given the gradient [length, width] of a value at its token embeddings. */
export async function replacements(
  model: ClipModel,
  text: string,
  gradient: Float32Array,
  count: number,
): Promise<Replacement[]> {
  const [tokenizer, tower] = [await model.tokenizer(), await model.tower('text')];
  const { ids, own: inText } = tokenizer.encode(text);
  const { length } = ids;
  const width = gradient.length / length;
  const inside = tokenEmbeddings(tower);
  const { dtype } = mainInput(tower);
  const session = await compile(
    trace(`token embeddings of ${model.folder.path}`, (t) => {
      const { embedding, values } = callTower(t, tower, t.input('ids', [1, length], dtype), [inside], [length]);
      return { rows: values[inside] ?? embedding };
    }),
    model.compileOptions,
  );
  const rowsOf = async (part: readonly number[]): Promise<Float32Array> => {
    const filled = [...part, ...Array<number>(length - part.length).fill(part[0] ?? 0)];
    return floatsOf((await session.run({ ids: wholeNumbers(dtype, filled, [1, length]) }))['rows']);
  };
  try {
    const own = await rowsOf(ids);
    /** What moving one token's embedding to a row of `rows` would add. */
    const gainOf = (place: number, rows: Float32Array, at: number): number => {
      let sum = 0;
      for (let d = 0; d < width; d++)
        sum += (gradient[place * width + d] ?? 0) * ((rows[at * width + d] ?? 0) - (own[place * width + d] ?? 0));
      return sum;
    };
    const places = Array.from({ length: inText.to - inText.from }, (_, i) => inText.from + i);
    const all = [...wordsOf(tokenizer.token)];
    let best: Replacement[] = [];
    for (let from = 0; from < all.length; from += length) {
      const part = all.slice(from, from + length);
      const rows = await rowsOf(part.map(([id]) => id));
      for (const [at, [, word]] of part.entries())
        for (const place of places) best.push({ place: place - inText.from, word, gain: gainOf(place, rows, at) });
      if (best.length > 8 * count) best = best.sort((a, b) => b.gain - a.gain).slice(0, count);
    }
    return best.sort((a, b) => b.gain - a.gain).slice(0, count);
  } finally {
    await session.release();
  }
}
