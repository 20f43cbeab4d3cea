/** From text to a model's token ids, through the Hugging Face tokenizer of its folder. */
import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { failure, LodestoneError, messageOf } from '../errors.ts';
import { within } from './bounded.ts';

export interface TextTokenizer {
  /** Token ids without padding or truncation. */
  ids(text: string): number[];
  /**
   * Ids cut and padded to `context`; a text that is too long keeps its end token. `used` counts the ids before padding;
   * those of the text itself, without what marks its beginning and its end, are `own.from` to `own.to`, exclusive.
   */
  encode(text: string): {
    readonly ids: number[];
    readonly used: number;
    /** Ids that were cut off. */
    readonly lost: number;
    readonly own: { readonly from: number; readonly to: number };
  };
  /** Many at once. Throws MODEL_BROKEN when that does not come to an end. */
  encodeAll(texts: readonly string[]): ReturnType<TextTokenizer['encode']>[];
  /** The text of one id, for showing which word a score comes from. */
  token(id: number): string;
}

/** Lengths above this are how tokenizers say that they have no limit. */
const LENGTH_LIMIT = 8192;
const named = z.union([z.string(), z.object({ content: z.string() }).transform((t) => t.content)]);
const tokenizerConfigSchema = z.object({
  model_max_length: z.number().positive().nullish(),
  pad_token: named.nullish(),
});
const paddingSchema = z.object({ padding: z.object({ pad_id: z.int().nonnegative() }).nullish() });

/** The length and the padding token that a tokenizer's own files ask for. */
export function tokenizerWishes(
  json: unknown,
  config: unknown,
): { readonly length?: number; readonly padWord?: string; readonly padId?: number } {
  const c = tokenizerConfigSchema.safeParse(config).data;
  const padId = paddingSchema.safeParse(json).data?.padding?.pad_id;
  return {
    ...(c?.model_max_length && c.model_max_length <= LENGTH_LIMIT ? { length: Math.trunc(c.model_max_length) } : {}),
    ...(c?.pad_token ? { padWord: c.pad_token } : {}),
    ...(padId === undefined ? {} : { padId }),
  };
}

const LEAST_MS = 4000;
/** Far more than any tokenizer takes: they read thousands of letters in a millisecond. */
const MS_A_LETTER = 1;

function bounded<T>(file: string, letters: number, work: () => T): T {
  const done = within(LEAST_MS + MS_A_LETTER * letters, work);
  if (done) return done.value;
  throw failure('MODEL_BROKEN', {
    file,
    what: 'its patterns do not come to an end on this text. Fetch the tokenizer again from a source that you trust',
  });
}

function sameAtStart(a: readonly number[], b: readonly number[]): number {
  const differs = a.findIndex((id, i) => id !== b[i]);
  return differs < 0 ? a.length : differs;
}

export function createTokenizer(
  json: unknown,
  config: unknown,
  { context, pad, file }: { context: number; pad: number | undefined; file: string },
): TextTokenizer {
  try {
    if (typeof json !== 'object' || json === null) throw new Error('it is not a JSON object');
    const settings = typeof config === 'object' && config !== null ? config : {};
    const tokenizer = bounded(file, 0, () => new Tokenizer(json, settings));
    const plainIds = (text: string): number[] => tokenizer.encode(text).ids.map(Number);
    const ids = (text: string): number[] => bounded(file, text.length, () => plainIds(text));
    const empty = ids('');
    const [end = 0] = empty.slice(-1);
    const before = sameAtStart(empty, ids('a'));
    const after = empty.length - before;
    const wishes = tokenizerWishes(json, config);
    const ownPad = wishes.padWord === undefined ? undefined : tokenizer.token_to_id(wishes.padWord);
    const filler = ownPad ?? wishes.padId ?? pad ?? end;
    const framed = (all: readonly number[]): ReturnType<TextTokenizer['encode']> => {
      const cut =
        all.length > context ? [...all.slice(0, context - after), ...all.slice(all.length - after)] : [...all];
      const own = { from: before, to: Math.max(before, cut.length - after) };
      return {
        ids: [...cut, ...Array<number>(context - cut.length).fill(filler)],
        used: cut.length,
        lost: all.length - cut.length,
        own,
      };
    };
    const lengthOf = (texts: readonly string[]): number => texts.reduce((sum, { length }) => sum + length, 0);
    return {
      ids,
      token: (id) => tokenizer.id_to_token(id) ?? '',
      encode: (text) => framed(ids(text)),
      encodeAll: (texts) => bounded(file, lengthOf(texts), () => texts.map(plainIds)).map(framed),
    };
  } catch (cause) {
    if (cause instanceof LodestoneError) throw cause;
    throw failure('MODEL_BROKEN', { file, what: messageOf(cause) }, cause);
  }
}
