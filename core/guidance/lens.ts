/** What one model sees of the canvas in a step: crops that are turned, cut, laid on backdrops and changed in colour. */
import type { Preprocessing } from '../clip/config.ts';
import { unitFactor } from '../clip/preprocess.ts';
import type { Tower } from '../clip/towers.ts';
import type { Tensor, Trace } from '../graph/index.ts';
import type { Extent } from './plane.ts';
import { turned } from './turn.ts';

/** A model's image tower as the step's graph needs it. */
export interface Lens {
  readonly tower: Tower;
  readonly preprocessing: Preprocessing;
  /** Side of the pictures that the tower sees. */
  readonly side: number;
  /** Of its embeddings. */
  readonly dimension: number;
  /** How much its opinion counts beside the others'. */
  readonly weight: number;
}

/** Put before the names of all inputs and outputs of a lens. */
export const prefixOf = (place: number): string => (place === 0 ? '' : `model${place}.`);

export interface Sight {
  readonly crops: number;
  readonly canvas: Extent;
  /** Whether crops may be turned. */
  readonly turns: boolean;
}

/** Crops of the canvas with its alpha [1, 4, h, w] as the tower takes them: [n, 3, side, side], normalised. Feeds are named in crops.ts. */
export function seen(
  t: Trace,
  canvas: Tensor,
  { side, preprocessing }: Lens,
  prefix: string,
  { crops, canvas: size, turns }: Sight,
): Tensor {
  const masked = canvas.mul(t.input(`${prefix}masks`, [crops, 1, size.height, size.width]));
  const laid = turns ? turned(masked, t.input(`${prefix}cropAngle`, [crops, 1, 1, 1])) : masked;
  const rows = t.input(`${prefix}rows`, [crops, 1, side, size.height]);
  const columns = t.input(`${prefix}columns`, [crops, 1, side, size.width]);
  const cut = rows.matmul(laid).matmulTransposed(columns, 'right');
  const alpha = cut.slice(1, 3, 4);
  const backdrop = t.input(`${prefix}backdrop`, [crops, 3, side, side]);
  const picture = cut.slice(1, 0, 3).add(backdrop.mul(t.scalar(1).sub(alpha)));
  const mean = picture.mean([1, 2, 3], true);
  const changed = picture
    .sub(mean)
    .mul(t.input(`${prefix}contrast`, [crops, 1, 1, 1]))
    .add(mean)
    .mul(t.input(`${prefix}brightness`, [crops, 3, 1, 1]));
  return changed
    .add(t.input(`${prefix}noise`, [crops, 3, side, side]))
    .clip(0, 1)
    .mul(unitFactor(preprocessing))
    .sub(t.constant(preprocessing.mean, [1, 3, 1, 1]))
    .div(t.constant(preprocessing.std, [1, 3, 1, 1]));
}
