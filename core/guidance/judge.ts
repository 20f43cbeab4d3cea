/** A model that does not guide: what it thinks of the drawing tells whether only the guiding one is pleased. */
import type { Embeddings } from '../clip/batches.ts';
import { dot, row, totalOf } from '../engine/scores.ts';
import { Usual } from '../engine/usual.ts';
import { floatsOf } from '../graph/session.ts';
import { freshViews, type Raw } from './fresh-views.ts';
import type { Eye } from './looker.ts';
import type { Extent } from './plane.ts';
import { isPictured } from './prompt/pictured.ts';
import type { Region } from './prompt/regions.ts';
import { type PromptFeeds, promptFeeds } from './prompt-feeds.ts';
import type { Opinion, Prompt } from './protocol.ts';
import { STOCK } from './stock.ts';

const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;

interface Heard {
  readonly prompts: readonly Prompt[];
  readonly feeds: PromptFeeds;
  readonly usual: Usual;
  /** Where any of the prompts is a picture. */
  readonly usualPictures: Usual | undefined;
}

export class Judge {
  readonly eye: Eye;
  private heard: Heard | undefined;

  private readonly canvas: Extent;

  constructor(eye: Eye, canvas: Extent) {
    this.eye = eye;
    this.canvas = canvas;
  }

  /** The mean over fresh views, of its own place for a prompt that has one. `progress`, 0..1, tells where prompts that change are. */
  async opinion(drawing: Raw, prompts: readonly Prompt[], progress: number, views: number): Promise<Opinion> {
    if (this.heard?.prompts !== prompts) this.heard = await this.hear(prompts);
    const { feeds, usual, usualPictures } = this.heard;
    const { at, count, dimension } = feeds;
    const wanted = { count, dimension, data: floatsOf(at(progress).prompts) };
    const among = usual.with(wanted);
    const amongPictures = usualPictures?.with(wanted) ?? among;
    const seen = await this.seen(drawing, prompts, views);
    const each = prompts.map((prompt, i) => {
      const standing = isPictured(prompt) ? amongPictures : among;
      return (seen.get(prompt.region) ?? []).map(({ data }) => ({
        cosine: dot(data, row(wanted, i)),
        percentile: standing(data)[i] ?? Number.NaN,
      }));
    });
    return {
      cosines: each.map((all) => mean(all.map((a) => a.cosine))),
      percentiles: each.map((all) => mean(all.map((a) => a.percentile))),
    };
  }

  /** What is the same for every drawing. */
  private async hear(prompts: readonly Prompt[]): Promise<Heard> {
    const feeds = await promptFeeds(prompts, { ...this.eye, crops: 1, canvas: this.canvas, pictured: false });
    const { fixed, dimension } = feeds;
    const words = { count: STOCK.length, dimension, data: floatsOf(fixed.stock).subarray(0, STOCK.length * dimension) };
    const few = await this.eye.everyday(true);
    const usualPictures = prompts.some(isPictured) ? new Usual(await this.eye.everyday(), few) : undefined;
    return { prompts, feeds, usual: new Usual(words, few), usualPictures };
  }

  /** How well the drawing is what is wanted: the mean cosine over the prompts, by their weights. */
  async score(drawing: Raw, prompts: readonly Prompt[], progress: number, views: number): Promise<number> {
    const { cosines } = await this.opinion(drawing, prompts, progress, views);
    const total = totalOf(prompts.map((p) => p.weight));
    return prompts.reduce((sum, p, i) => sum + (p.weight * (cosines[i] ?? 0)) / total, 0);
  }

  private async seen(
    drawing: Raw,
    prompts: readonly Prompt[],
    views: number,
  ): Promise<ReadonlyMap<Region | undefined, Embeddings[]>> {
    const regions = new Set(prompts.map((p) => p.region));
    const seen = new Map<Region | undefined, Embeddings[]>();
    for (const region of regions) {
      const pictures = await freshViews(drawing, views, region);
      const look = (bytes: Uint8Array): Promise<Embeddings> => this.eye.embedPicture({ bytes, name: 'the drawing' });
      seen.set(region, await Promise.all(pictures.map(look)));
    }
    return seen;
  }
}
