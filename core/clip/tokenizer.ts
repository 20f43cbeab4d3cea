/** From text to a model's token ids, through the Hugging Face tokenizer of its folder. */
import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { failure, messageOf } from '../errors.ts';

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
    readonly own: { readonly from: number; readonly to: number };
  };
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
    const tokenizer = new Tokenizer(json, typeof config === 'object' && config !== null ? config : {});
    const ids = (text: string): number[] => tokenizer.encode(text).ids.map(Number);
    const empty = ids('');
    const [end = 0] = empty.slice(-1);
    const before = sameAtStart(empty, ids('a'));
    const after = empty.length - before;
    const wishes = tokenizerWishes(json, config);
    const ownPad = wishes.padWord === undefined ? undefined : tokenizer.token_to_id(wishes.padWord);
    const filler = ownPad ?? wishes.padId ?? pad ?? end;
    return {
      ids,
      token: (id) => tokenizer.id_to_token(id) ?? '',
      encode(text) {
        const all = ids(text);
        const cut = all.length > context ? [...all.slice(0, context - after), ...all.slice(all.length - after)] : all;
        const own = { from: before, to: Math.max(before, cut.length - after) };
        return { ids: [...cut, ...Array<number>(context - cut.length).fill(filler)], used: cut.length, own };
      },
    };
  } catch (cause) {
    throw failure('MODEL_BROKEN', { file, what: messageOf(cause) }, cause);
  }
}
