/** The objective as tensor code: how far the crops are from the prompts, and how well each is told apart from stock words. */
import { greatCircle } from '../clip/similarity.ts';
import type { Tensor } from '../graph/index.ts';
import { concat } from '../graph/index.ts';

export interface Targets {
  /** Unit rows, one a prompt slot: [slots, d]. */
  readonly prompts: Tensor;
  /** How strongly each slot attracts and repels, none negative: [slots]. */
  readonly attraction: Tensor;
  readonly repulsion: Tensor;
  /** Great-circle distance at which a slot's pull stops; below zero for never: [slots]. */
  readonly stop: Tensor;
  /** How much each crop counts for each slot; columns sum to one: [n, slots]. */
  readonly applies: Tensor;
  /** Unit rows of the stock words: [words, d]. */
  readonly stock: Tensor;
  /** How many of them are the same for every prompt, the first ones. */
  readonly common: number;
  /** Where some prompts are pictures: 1 for each slot of them and 0 for the others [slots]. These stand among the last so many rows of the stock. */
  readonly pictured?: { readonly slots: Tensor; readonly rows: number };
  /** Added to the stock words' logits for each slot: 0, or a large negative number where the word means the same: [1, slots, words]. */
  readonly excluded: Tensor;
}

/** Weights of the two measures and the factor on cosines before they are told apart, [] each. */
export interface Tuning {
  readonly contrast: Tensor;
  readonly distance: Tensor;
  readonly sharpness: Tensor;
}

/**
 * For unit embeddings of the crops [n, d]: attraction · (contrast · cross-entropy against the stock + distance · great circle) + repulsion · distance · cosine.
 * Returns the loss [], the mean cosines [slots], and how these stand among the cosines of the common stock words, or of the
 * stock pictures: percentiles [slots], 0..100.
 */
export function objective(
  crops: Tensor,
  { prompts, attraction, repulsion, stop, applies, stock, common, pictured, excluded }: Targets,
  { contrast, distance, sharpness }: Tuning,
): { loss: Tensor; cosines: Tensor; percentiles: Tensor } {
  const [count = 1] = crops.shape;
  const [slots = 1] = prompts.shape;
  const over = (values: Tensor): Tensor => values.mul(applies).sum([0]);
  const near = crops.matmulTransposed(prompts, 'right');
  const others = crops
    .matmulTransposed(stock, 'right')
    .mul(sharpness)
    .unsqueeze(1)
    .expand([count, slots, stock.shape[0] ?? 1])
    .add(excluded);
  const logits = near.mul(sharpness);
  const crossEntropy = over(
    concat([logits.unsqueeze(-1), others], 2)
      .logSumExp(2)
      .sub(logits),
  );
  const cosines = over(near);
  const apart = over(greatCircle(near));
  const pulls = attraction.mul(apart.greater(stop).cast('float32'));
  const attracted = crossEntropy.mul(contrast).add(apart.mul(distance)).mul(pulls).sum();
  const looked = applies.matmulTransposed(crops, 'left');
  const standing = (rows: Tensor): Tensor =>
    looked
      .matmulTransposed(rows, 'right')
      .less(cosines.reshape([slots, 1]))
      .cast('float32')
      .mean(1)
      .mul(100);
  const among = standing(stock.slice(0, 0, common));
  const [rows = 0] = stock.shape;
  const percentiles = pictured
    ? among.add(
        standing(stock.slice(0, rows - pictured.rows, rows))
          .sub(among)
          .mul(pictured.slots),
      )
    : among;
  return { loss: attracted.add(cosines.mul(repulsion).mul(distance).sum()), cosines, percentiles };
}
