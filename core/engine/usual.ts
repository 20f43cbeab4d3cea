/**
 * What is usual: how well words fit pictures that they have nothing to do with. Each text has a level of its own, which hangs on its wording more than
 * on what it means (a few texts are close to every picture, Radovanović, Nanopoulos and Ivanović, 2010), and on the kind of picture: "in the snow" is
 * closer to any photograph than to any icon. So cosines are counted from what the text has with everyday pictures of that kind, those of everyday
 * words as well, and a percentile means the same for a word, a label and a sentence, on a photograph and on a drawing.
 */
import type { Embeddings } from '../clip/batches.ts';
import { type Kinds, kindsOf } from './kinds.ts';
import { cosinesWith, percentileAmong, row } from './scores.ts';

/** How a picture (a unit row) stands with each of several targets: the percent of everyday words, or pictures, that fit it less, 0..100. */
export type Standing = (picture: Float32Array) => number[];
/** How much more than usual each of several targets fits a picture (a unit row): cosines, of which what is usual is taken away. */
export type Excess = (picture: Float32Array) => number[];

const NOBODY: Embeddings = { count: 0, dimension: 0, data: new Float32Array() };
/** A target that is as close to a picture is the same picture. */
const ITSELF = 0.9999;

/** What a target has with pictures: cosine = middle + slope * kind. */
interface Level {
  readonly middle: number;
  readonly slope: number;
}

export class Usual {
  /** What percentiles are taken among: unit rows of everyday words, or of pictures. */
  readonly others: Embeddings;
  private readonly pictures: Embeddings;
  private readonly kinds: Kinds;
  private readonly ofOthers: Excess;

  /** `pictures` are unit rows of everyday pictures, several dozen. */
  constructor(others: Embeddings, pictures: Embeddings) {
    this.others = others;
    this.pictures = pictures;
    this.kinds = kindsOf(pictures);
    this.ofOthers = this.excess(others);
  }

  /** Of a model that cannot say words. */
  static readonly NONE = new Usual(NOBODY, NOBODY);

  /** Whether there is anything to stand among. */
  get knows(): boolean {
    return this.others.count > 0;
  }

  /** The line through a target's cosines with everyday pictures, over their kinds (least squares). */
  private levelOf(target: Float32Array): Level {
    const all = cosinesWith(target, this.pictures).map((cosine, i) => ({ cosine, kind: this.kinds.of[i] ?? 0 }));
    const pairs = all.filter(({ cosine }) => cosine < ITSELF);
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / (values.length || 1);
    const [cosine, kind] = [mean(pairs.map((p) => p.cosine)), mean(pairs.map((p) => p.kind))];
    const along = mean(pairs.map((p) => (p.kind - kind) * (p.cosine - cosine)));
    const spread = mean(pairs.map((p) => (p.kind - kind) ** 2));
    const slope = spread > 0 ? along / spread : 0;
    return { middle: cosine - slope * kind, slope };
  }

  /** Reads how much more than usual pictures fit targets (unit rows). */
  excess(targets: Embeddings): Excess {
    const levels = Array.from({ length: targets.count }, (_, k) => this.levelOf(row(targets, k)));
    return (picture) => {
      const kind = this.kinds.at(picture);
      return cosinesWith(picture, targets).map((cosine, k) => {
        const { middle, slope } = levels[k] ?? { middle: 0, slope: 0 };
        return cosine - middle - slope * kind;
      });
    };
  }

  /** How much more than usual each of the others fits a picture (a unit row), the least first: what percentiles are read from. */
  spread(picture: Float32Array): number[] {
    return this.ofOthers(picture).sort((a, b) => a - b);
  }

  /** Reads how pictures fit targets (unit rows). */
  with(targets: Embeddings): Standing {
    const excess = this.excess(targets);
    return (picture) => {
      const others = this.spread(picture);
      return excess(picture).map((more) => percentileAmong(others, more));
    };
  }

  /**
   * The same for the best of several looks at one picture (unit rows): the best look of each target among the best looks of the others, so that
   * looking often does not find what is not there (Westfall and Young, 1993). For each target the percentile of every look among these, 0..100.
   */
  withBestOf(targets: Embeddings, looks: Embeddings): number[][] {
    const excess = this.excess(targets);
    const best = new Array<number>(this.others.count).fill(Number.NEGATIVE_INFINITY);
    const rows = Array.from({ length: looks.count }, (_, i) => row(looks, i));
    for (const look of rows)
      for (const [i, more] of this.ofOthers(look).entries()) best[i] = Math.max(best[i] ?? more, more);
    best.sort((a, b) => a - b);
    return rows.map((look) => excess(look).map((more) => percentileAmong(best, more)));
  }
}
