/** What each prompt is told apart from: everyday things, and several of the thing itself. */
import type { Embeddings } from '../clip/batches.ts';
import type { ClipModel } from '../clip/model.ts';
import { remembered } from '../clip/remembered.ts';
import { dot, row } from '../engine/scores.ts';
import { textsOf } from './prompt/texts.ts';
import type { Prompt } from './protocol.ts';
import { PROMPT_SLOTS } from './protocol.ts';
import { CROWD_COUNT, crowdsOf, SAME_THING, STOCK, STOCK_THINGS, saysHowMany, wordsOf } from './stock.ts';

/** Added to the logit of a stock word that is left out. */
const EXCLUDED = -1e4;
/** Rows that the graph tells each prompt apart from: the stock, and room for each prompt's own crowds. Pictures follow where any prompt is one. */
export const stockRows = STOCK.length + PROMPT_SLOTS * CROWD_COUNT;

/** Unit rows of the stock words, worked out once for each model. */
const stockOfModel = new WeakMap<ClipModel, Promise<Embeddings>>();
function stockOf(model: ClipModel): Promise<Embeddings> {
  return remembered(stockOfModel, model.whole, () => model.whole.embedTexts(STOCK));
}

export interface ToldApart {
  /** Of all rows, and the width of each. */
  readonly rows: number;
  readonly dimension: number;
  /** Unit rows [rows, d]: stock words, crowds of each slot, and pictures, which nothing is told apart from. */
  readonly stock: Float32Array;
  /** Added to their logits [slots, rows]. */
  readonly excluded: Float32Array;
}

interface Context {
  readonly model: ClipModel;
  readonly everyday: () => Promise<Embeddings>;
  readonly pictured: boolean;
}

/** Whether any row of any chain is so close to `other`. */
const near = (chains: readonly Embeddings[], other: Float32Array, cosine: number): boolean =>
  chains.some((c) => Array.from({ length: c.count }, (_, i) => dot(row(c, i), other)).some((found) => found >= cosine));

/** Stock words that are not what is asked for, in these or other words. */
const otherWords = (stock: Embeddings, asked: readonly Embeddings[], words: ReadonlySet<string>): number[] =>
  Array.from({ length: stock.count }, (_, k) => k).filter(
    (k) => !near(asked, row(stock, k), SAME_THING) && !words.has(STOCK_THINGS[k] ?? ''),
  );

/** Several of what a prompt wants one of; nothing for a prompt that says how many. */
async function crowds(prompt: Prompt, model: ClipModel): Promise<Embeddings | undefined> {
  const [text] = textsOf(prompt);
  return text === undefined || saysHowMany(text) ? undefined : model.whole.embedTexts(crowdsOf(text));
}

/** `chains` are the targets of each prompt as unit rows. */
export async function toldApart(
  prompts: readonly Prompt[],
  chains: readonly Embeddings[],
  { model, everyday, pictured }: Context,
): Promise<ToldApart> {
  const common = await stockOf(model);
  const { dimension } = common;
  const pictures = pictured ? await everyday() : { count: 0, dimension, data: new Float32Array() };
  const rows = stockRows + pictures.count;
  const stock = new Float32Array(rows * dimension);
  stock.set(common.data);
  stock.set(pictures.data, stockRows * dimension);
  const excluded = new Float32Array(PROMPT_SLOTS * rows).fill(EXCLUDED);
  // What any of the prompts asks for, no other is told apart from.
  const wanted = prompts.flatMap((p, slot) => (p.weight > 0 && chains[slot] ? [chains[slot]] : []));
  const words = wordsOf(prompts.filter((p) => p.weight > 0).flatMap(textsOf));
  for (const [slot, prompt] of prompts.entries()) {
    const asked = [...new Set([...wanted, ...chains.slice(slot, slot + 1)])];
    const taken = (at: number): void => {
      excluded[slot * rows + at] = 0;
    };
    otherWords(common, asked, words).forEach(taken);
    const several = await crowds(prompt, model);
    if (!several) continue;
    const first = common.count + slot * CROWD_COUNT;
    stock.set(several.data, first * dimension);
    for (let k = 0; k < CROWD_COUNT; k++) taken(first + k);
  }
  return { rows, dimension, stock, excluded };
}
