/** The objective as tensor code: how far the crops are from the prompts, and how well each is told apart from stock words. */
import { greatCircle } from '../clip/similarity.ts';
import type { Tensor } from '../graph/index.ts';
import { concat } from '../graph/index.ts';
import type { GuidanceSettings } from './protocol.ts';

export interface Targets {
  /** Unit rows, one a prompt slot: [slots, d]. */
  readonly prompts: Tensor;
  /** How strongly each slot attracts and repels, none negative: [slots]. */
  readonly attraction: Tensor;
  readonly repulsion: Tensor;
  /** Unit rows of the stock words: [words, d]. */
  readonly stock: Tensor;
  /** How many of them are the same for every prompt, the first ones. */
  readonly common: number;
  /** Added to the stock words' logits for each slot: 0, or a large negative number where the word means the same: [1, slots, words]. */
  readonly excluded: Tensor;
}

/**
 * For unit embeddings of the crops [n, d]: attraction · (contrast · cross-entropy against the stock + distance · great circle) + repulsion · distance · cosine.
 * Returns the loss [], the mean cosines [slots], and how these stand among the cosines of the common stock words: percentiles [slots], 0..100.
 */
export function objective(
  crops: Tensor,
  { prompts, attraction, repulsion, stock, common, excluded }: Targets,
  s: Pick<GuidanceSettings, 'contrast' | 'distance' | 'sharpness'>,
): { loss: Tensor; cosines: Tensor; percentiles: Tensor } {
  const [count = 1] = crops.shape;
  const [slots = 1] = prompts.shape;
  const near = crops.matmulTransposed(prompts, 'right');
  const others = crops
    .matmulTransposed(stock, 'right')
    .mul(s.sharpness)
    .unsqueeze(1)
    .expand([count, slots, stock.shape[0] ?? 1])
    .add(excluded);
  const logits = near.mul(s.sharpness);
  const total = concat([logits.unsqueeze(-1), others], 2).logSumExp(2);
  const crossEntropy = total.sub(logits).mean(0);
  const cosines = near.mean(0);
  const pull = crossEntropy.mul(s.contrast).add(greatCircle(near).mean(0).mul(s.distance));
  const usual = crops.mean(0, true).matmulTransposed(stock.slice(0, 0, common), 'right');
  const percentiles = usual
    .less(cosines.reshape([slots, 1]))
    .cast('float32')
    .mean(1)
    .mul(100);
  return { loss: pull.mul(attraction).sum().add(cosines.mul(repulsion).mul(s.distance).sum()), cosines, percentiles };
}
