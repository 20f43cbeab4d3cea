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

export class Judge {
  readonly eye: Eye;
  private heard: { readonly prompts: readonly Prompt[]; readonly feeds: PromptFeeds } | undefined;

  private readonly canvas: Extent;

  constructor(eye: Eye, canvas: Extent) {
    this.eye = eye;
    this.canvas = canvas;
  }

  /** The mean over fresh views, of its own place for a prompt that has one. `progress`, 0..1, tells where prompts that change are. */
  async opinion(drawing: Raw, prompts: readonly Prompt[], progress: number, views: number): Promise<Opinion> {
    if (this.heard?.prompts !== prompts) {
      const feeds = await promptFeeds(prompts, { ...this.eye, crops: 1, canvas: this.canvas, pictured: false });
      this.heard = { prompts, feeds };
    }
    const { fixed, at, count, dimension } = this.heard.feeds;
    const wanted = { count, dimension, data: floatsOf(at(progress).prompts) };
    const words = { count: STOCK.length, dimension, data: floatsOf(fixed.stock).subarray(0, STOCK.length * dimension) };
    const few = await this.eye.everyday(true);
    const among = new Usual(words, few).with(wanted);
    const amongPictures = prompts.some(isPictured) ? new Usual(await this.eye.everyday(), few).with(wanted) : among;
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
