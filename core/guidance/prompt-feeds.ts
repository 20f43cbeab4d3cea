/** What the step's graph is fed of the prompts: where they lie, how they pull, and which stock words mean the same. */
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import type { Embeddings } from '../clip/batches.ts';
import type { ClipModel } from '../clip/model.ts';
import { dot, meanDirection, row, stacked } from '../engine/scores.ts';
import { failure } from '../errors.ts';
import { float32 } from '../graph/session.ts';
import type { Prompt } from './protocol.ts';
import { PROMPT_SLOTS } from './protocol.ts';
import { CROWD_COUNT, crowdsOf, SAME_THING, STOCK, sentencesFor } from './stock.ts';

/** Where the prompts of a run lie, how they pull, and what they are told apart from. */
export interface PromptFeeds {
  readonly prompts: OrtTensor;
  readonly attraction: OrtTensor;
  readonly repulsion: OrtTensor;
  readonly stock: OrtTensor;
  readonly excluded: OrtTensor;
  readonly count: number;
}

/** Added to the logit of a stock word that is left out. */
const EXCLUDED = -1e4;

export type PictureEmbedder = (picture: NonNullable<Prompt['picture']>) => Promise<Embeddings>;

/** Rows that the graph tells each prompt apart from: the stock, and room for each prompt's own crowds. */
export const stockRows = STOCK.length + PROMPT_SLOTS * CROWD_COUNT;

/** A text as the mean direction over its sentences; a picture as its embedding. */
async function target(model: ClipModel, prompt: Prompt, picture: PictureEmbedder): Promise<Embeddings> {
  if (prompt.picture) return picture(prompt.picture);
  const text = prompt.text?.trim() ?? '';
  if (text === '') throw failure('PROMPT_EMPTY', {});
  return meanDirection(await model.embedTexts(sentencesFor(text)));
}

/** Feeds for the prompts; weights are scaled so that their sizes sum to one. */
export async function promptFeeds(
  model: ClipModel,
  prompts: readonly Prompt[],
  picture: PictureEmbedder,
): Promise<PromptFeeds> {
  const common = await stockOf(model);
  const { dimension } = common;
  const rows = stacked(await Promise.all(prompts.map((p) => target(model, p, picture))));
  const stock = new Float32Array(stockRows * dimension);
  stock.set(common.data);
  const excluded = new Float32Array(PROMPT_SLOTS * stockRows).fill(EXCLUDED);
  for (const [slot, prompt] of prompts.entries()) {
    for (let word = 0; word < common.count; word++)
      if (dot(row(rows, slot), row(common, word)) < SAME_THING) excluded[slot * stockRows + word] = 0;
    if (prompt.text === undefined) continue;
    const crowds = await model.embedTexts(crowdsOf(prompt.text));
    const first = common.count + slot * CROWD_COUNT;
    stock.set(crowds.data, first * dimension);
    excluded.fill(0, slot * stockRows + first, slot * stockRows + first + CROWD_COUNT);
  }
  const data = new Float32Array(PROMPT_SLOTS * dimension);
  data.set(rows.data);
  const total = prompts.reduce((sum, p) => sum + Math.abs(p.weight), 0) || 1;
  const share = (sign: number): OrtTensor => {
    const shares = Array.from({ length: PROMPT_SLOTS }, (_, i) => (sign * (prompts[i]?.weight ?? 0)) / total);
    return float32(
      Float32Array.from(shares, (s) => Math.max(0, s)),
      [PROMPT_SLOTS],
    );
  };
  return {
    prompts: float32(data, [PROMPT_SLOTS, dimension]),
    attraction: share(1),
    repulsion: share(-1),
    stock: float32(stock, [stockRows, dimension]),
    excluded: float32(excluded, [1, PROMPT_SLOTS, stockRows]),
    count: prompts.length,
  };
}

/** Unit rows of the stock words, worked out once for each model. */
const stockOfModel = new WeakMap<ClipModel, Promise<Embeddings>>();
function stockOf(model: ClipModel): Promise<Embeddings> {
  const found = stockOfModel.get(model) ?? model.embedTexts(STOCK);
  stockOfModel.set(model, found);
  return found;
}
