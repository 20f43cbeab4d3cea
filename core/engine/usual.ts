/**
 * What is usual: how well words fit pictures that they have nothing to do with. Each text has a level of its own, which hangs on its wording more than
 * on what it means (a few texts are close to every picture, Radovanović, Nanopoulos and Ivanović, 2010); so cosines are counted from the text's median
 * cosine with everyday pictures, those of everyday words as well, and a percentile means the same for a word, a label and a sentence.
 */
import type { Embeddings } from '../clip/batches.ts';
import { cosinesWith, percentileAmong, row } from './scores.ts';

/** How a picture (a unit row) stands with each of several targets: the percent of everyday words, or pictures, that fit it less, 0..100. */
export type Standing = (picture: Float32Array) => number[];

const NOBODY: Embeddings = { count: 0, dimension: 0, data: new Float32Array() };

function median(values: readonly number[]): number {
  const order = [...values].sort((a, b) => a - b);
  const half = order.length >> 1;
  const upper = order[half] ?? 0;
  return order.length % 2 === 1 ? upper : ((order[half - 1] ?? 0) + upper) / 2;
}

export class Usual {
  /** What percentiles are taken among: unit rows of everyday words, or of pictures. */
  readonly others: Embeddings;
  private readonly pictures: Embeddings;
  private readonly levels: readonly number[];

  /** `pictures` are unit rows of everyday pictures, a few dozen. */
  constructor(others: Embeddings, pictures: Embeddings) {
    this.others = others;
    this.pictures = pictures;
    this.levels = this.levelsOf(others);
  }

  /** Of a model that cannot say words. */
  static readonly NONE = new Usual(NOBODY, NOBODY);

  /** Whether there is anything to stand among. */
  get knows(): boolean {
    return this.others.count > 0;
  }

  /** The cosine that each target (a unit row) has with an everyday picture, in the middle. */
  levelsOf(targets: Embeddings): number[] {
    return Array.from({ length: targets.count }, (_, k) => median(cosinesWith(row(targets, k), this.pictures)));
  }

  /** How much more than usual each of the others fits a picture, the least first. */
  private spread(picture: Float32Array): number[] {
    return cosinesWith(picture, this.others)
      .map((cosine, i) => cosine - (this.levels[i] ?? 0))
      .sort((a, b) => a - b);
  }

  /** Reads how pictures fit targets (unit rows). */
  with(targets: Embeddings): Standing {
    const levels = this.levelsOf(targets);
    return (picture) => {
      const others = this.spread(picture);
      return cosinesWith(picture, targets).map((cosine, k) => percentileAmong(others, cosine - (levels[k] ?? 0)));
    };
  }

  /**
   * The same for the best of several looks at one picture (unit rows): the best look of each target among the best looks of the others, so that
   * looking often does not find what is not there (Westfall and Young, 1993). For each target the percentile of every look among these, 0..100.
   */
  withBestOf(targets: Embeddings, looks: Embeddings): number[][] {
    const levels = this.levelsOf(targets);
    const best = new Array<number>(this.others.count).fill(Number.NEGATIVE_INFINITY);
    const rows = Array.from({ length: looks.count }, (_, i) => row(looks, i));
    for (const look of rows)
      for (const [i, cosine] of cosinesWith(look, this.others).entries())
        best[i] = Math.max(best[i] ?? cosine, cosine - (this.levels[i] ?? 0));
    best.sort((a, b) => a - b);
    return rows.map((look) =>
      cosinesWith(look, targets).map((cosine, k) => percentileAmong(best, cosine - (levels[k] ?? 0))),
    );
  }
}
