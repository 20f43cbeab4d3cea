/** A pull beside the prompts: a few lines of tensor code from the canvas to a number that is made small. */
import type { z } from 'zod';
import type { Tensor, Trace } from '../../graph/index.ts';
import { trace, writeOnnx } from '../../graph/index.ts';
import type { Extent } from '../plane.ts';
import type { GuideRequest } from '../protocol.ts';

export interface LossContext extends Extent {
  readonly t: Trace;
  /** How much of each pixel is drawn on, [1, 1, height, width]; what is left shows the paper. */
  readonly alpha: () => Tensor;
}

export interface Loss<S extends z.ZodType = z.ZodType> {
  readonly id: string;
  /** What more of it does to a picture, in a few words. */
  readonly description: string;
  readonly settings: S;
  /** From the picture [1, 3, height, width], sRGB 0..1, to a number [] that is made small. */
  loss(picture: Tensor, settings: z.output<S>, context: LossContext): Tensor;
}

/** Declares a loss; the settings' types follow from the schema. */
export const defineLoss = <S extends z.ZodType>(loss: Loss<S>): Loss<S> => loss;

/** Makes a loss ready for a run on a canvas of that size. A weight below zero turns it round. */
export function readyLoss<S extends z.ZodType>(
  { id, settings: schema, loss }: Loss<S>,
  settings: z.input<S>,
  weight: number,
  extent: Extent,
): NonNullable<GuideRequest['losses']>[number] {
  const parsed = schema.parse(settings);
  const graph = trace(`loss ${id}`, (t) => {
    const picture = t.input('picture', [1, 3, extent.height, extent.width]);
    let alpha: Tensor | undefined;
    const asked = (): Tensor => {
      alpha ??= t.input('alpha', [1, 1, extent.height, extent.width]);
      return alpha;
    };
    return { loss: loss(picture, parsed, { t, ...extent, alpha: asked }) };
  });
  return { name: id, graph: writeOnnx(graph), weight };
}
