/** What a person sees while the things of a scene are drawn one by one: each grows in its place, beside those that are there. */
import { aspectOf, channelsOf, type GuideEvent, image, type PluginEvent, type Region } from '../../core/index.ts';
import type { Parameters } from './parameters.ts';

/** Longer side, in pixels. */
const SIDE = 192;
const PAPER = '#faf7f0';
const HALF = 0.5;
const QUALITY = 88;

type Frame = Extract<GuideEvent, { type: 'frame' }>;

export class SceneSheet {
  private readonly paper: string;
  private readonly width: number;
  private readonly height: number;
  /** With all things that are finished, PNG. */
  private kept: Uint8Array | undefined;
  private last: Uint8Array | undefined;

  constructor({ paper, aspect }: Pick<Parameters, 'paper' | 'aspect'>) {
    const wide = aspectOf(aspect);
    this.width = Math.round(SIDE * Math.min(1, wide));
    this.height = Math.round(SIDE * Math.min(1, 1 / wide));
    this.paper = paper === '' ? PAPER : paper;
  }

  /** Whose strokes are seen where two drawings meet: those that differ from the paper. */
  private get blend(): 'darken' | 'lighten' {
    const [red = 0, green = 0, blue = 0] = channelsOf(this.paper);
    return (red + green + blue) / 3 < HALF ? 'lighten' : 'darken';
  }

  async frame(
    { step, bytes }: Frame,
    { left, top, right, bottom }: Region,
  ): Promise<Extract<PluginEvent, { type: 'frame' }>> {
    const { width, height, paper: background } = this;
    const [x, y] = [Math.round(left * width), Math.round(top * height)];
    const [wide, tall] = [Math.round(right * width) - x, Math.round(bottom * height) - y];
    const input = await image(bytes).resize(wide, tall, { fit: 'contain', background }).png().toBuffer();
    const behind = this.kept
      ? image(this.kept)
      : image(undefined, { create: { width, height, channels: 3, background } });
    this.last = await behind
      .composite([{ input, left: x, top: y, blend: this.blend }])
      .png()
      .toBuffer();
    const shown = await image(this.last).jpeg({ quality: QUALITY, chromaSubsampling: '4:4:4' }).toBuffer();
    return { type: 'frame', step, mime: 'image/jpeg', width, height, bytes: shown };
  }

  /** The thing that was shown last is finished. */
  keep(): void {
    this.kept = this.last;
  }
}
