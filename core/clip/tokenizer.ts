/** From text to a model's token ids, through the Hugging Face tokenizer of its folder. */
import { Tokenizer } from '@huggingface/tokenizers';
import { failure, messageOf } from '../errors.ts';

export interface TextTokenizer {
  /** Token ids without padding or truncation. */
  ids(text: string): number[];
  /** Ids cut and padded to `context`; a text that is too long keeps its end token. `used` counts the ids before padding. */
  encode(text: string): { readonly ids: number[]; readonly used: number };
  /** The text of one id, for showing which word a score comes from. */
  token(id: number): string;
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
    const [end = 0] = ids('').slice(-1);
    return {
      ids,
      token: (id) => tokenizer.id_to_token(id) ?? '',
      encode(text) {
        const all = ids(text);
        const cut = all.length > context ? [...all.slice(0, context - 1), all.at(-1) ?? end] : all;
        return { ids: [...cut, ...Array<number>(context - cut.length).fill(pad ?? end)], used: cut.length };
      },
    };
  } catch (cause) {
    throw failure('MODEL_BROKEN', { file, what: messageOf(cause) }, cause);
  }
}
