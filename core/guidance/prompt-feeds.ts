/** What the step's graph is fed of the prompts: where they lie, how they pull, and which stock words mean the same. */
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import type { ClipModel, Embeddings } from '../clip/model.ts';
import { dot, meanDirection, row, stacked } from '../engine/scores.ts';
import { fill } from '../engine/templates.ts';
import { failure } from '../errors.ts';
import { float32 } from '../graph/session.ts';
import type { Prompt } from './protocol.ts';
import { PROMPT_SLOTS } from './protocol.ts';
import { PROMPT_TEMPLATES, SAME_THING, STOCK } from './stock.ts';

/** Where the prompts of a run lie, and how they pull. */
export interface PromptFeeds {
  readonly prompts: OrtTensor;
  readonly attraction: OrtTensor;
  readonly repulsion: OrtTensor;
  readonly excluded: OrtTensor;
  readonly count: number;
}

/** Added to the logit of a stock word that is left out. */
const EXCLUDED = -1e4;

export type PromptEmbedder = (prompt: Prompt) => Promise<Embeddings>;

/** A text as the mean direction over the templates; a picture as its embedding. */
export function promptEmbedder(
  model: ClipModel,
  picture: (p: NonNullable<Prompt['picture']>) => Promise<Embeddings>,
): PromptEmbedder {
  return async (prompt) => {
    if (prompt.picture) return picture(prompt.picture);
    const text = prompt.text?.trim() ?? '';
    if (text === '') throw failure('PROMPT_EMPTY', {});
    return meanDirection(await model.embedTexts(PROMPT_TEMPLATES.map((t) => fill(t, text))));
  };
}

/** Feeds for the prompts: embeddings, weights that sum to one in size, and the stock words that mean the same. */
export async function promptFeeds(
  prompts: readonly Prompt[],
  embed: PromptEmbedder,
  stock: Embeddings,
): Promise<PromptFeeds> {
  const rows = stacked(await Promise.all(prompts.map(embed)));
  const data = new Float32Array(PROMPT_SLOTS * stock.dimension);
  data.set(rows.data);
  const total = prompts.reduce((sum, p) => sum + Math.abs(p.weight), 0) || 1;
  const share = (sign: number): OrtTensor =>
    float32(
      Float32Array.from({ length: PROMPT_SLOTS }, (_, i) => Math.max(0, (sign * (prompts[i]?.weight ?? 0)) / total)),
      [PROMPT_SLOTS],
    );
  const excluded = new Float32Array(PROMPT_SLOTS * stock.count);
  for (let slot = 0; slot < prompts.length; slot++) {
    for (let word = 0; word < stock.count; word++)
      if (dot(row(rows, slot), row(stock, word)) >= SAME_THING) excluded[slot * stock.count + word] = EXCLUDED;
  }
  return {
    prompts: float32(data, [PROMPT_SLOTS, stock.dimension]),
    attraction: share(1),
    repulsion: share(-1),
    excluded: float32(excluded, [1, PROMPT_SLOTS, stock.count]),
    count: prompts.length,
  };
}

/** Unit rows of the stock words, worked out once for each model. */
const stockRows = new WeakMap<ClipModel, Promise<Embeddings>>();
export function stockOf(model: ClipModel): Promise<Embeddings> {
  const found = stockRows.get(model) ?? model.embedTexts(STOCK);
  stockRows.set(model, found);
  return found;
}
