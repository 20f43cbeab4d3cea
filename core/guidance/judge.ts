/** A model that does not guide: what it thinks of the drawing tells whether only the guiding one is pleased. */
import { dot, percentiles, row } from '../engine/scores.ts';
import { floatsOf } from '../graph/session.ts';
import type { Eye } from './looker.ts';
import type { Extent } from './plane.ts';
import { type PromptFeeds, promptFeeds } from './prompt-feeds.ts';
import type { Opinion, Prompt } from './protocol.ts';
import { STOCK } from './stock.ts';

export class Judge {
  readonly eye: Eye;
  private heard: { readonly prompts: readonly Prompt[]; readonly feeds: PromptFeeds } | undefined;

  private readonly canvas: Extent;

  constructor(eye: Eye, canvas: Extent) {
    this.eye = eye;
    this.canvas = canvas;
  }

  /** `picture` is encoded; `progress`, 0..1, tells where prompts that change are. */
  async opinion(picture: Uint8Array, prompts: readonly Prompt[], progress: number): Promise<Opinion> {
    if (this.heard?.prompts !== prompts) {
      const feeds = await promptFeeds(prompts, { ...this.eye, crops: 1, canvas: this.canvas });
      this.heard = { prompts, feeds };
    }
    const { fixed, at, count, dimension } = this.heard.feeds;
    const { data } = await this.eye.embedPicture({ bytes: picture, name: 'the drawing' });
    const wanted = { count, dimension, data: floatsOf(at(progress).prompts) };
    const cosines = Array.from({ length: count }, (_, i) => dot(data, row(wanted, i)));
    const stock = { count: STOCK.length, dimension, data: floatsOf(fixed.stock).subarray(0, STOCK.length * dimension) };
    return { cosines, percentiles: percentiles(data, stock, cosines) };
  }
}
