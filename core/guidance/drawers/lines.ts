/** How far each pixel is from thin quadratic Bezier curves: from the nearest of a few chords, one after the other, so that memory holds one at a time. */
import type { Tensor } from '../../graph/index.ts';
import type { DrawContext } from '../drawer.ts';
import { pixelPlaces } from './layers.ts';

const CHORDS = 6;
const EPSILON = 1e-9;

/** Distances [n, height * width] from curves of control points [n, 3, 2], in units of the plane. */
export function lineDistance(points: Tensor, context: DrawContext): Tensor {
  const { x, y } = pixelPlaces(context);
  const control = (k: number, axis: number): Tensor =>
    points
      .slice(1, k, k + 1)
      .slice(2, axis, axis + 1)
      .reshape([points.shape[0] ?? 1, 1]);
  const at = (t: number, axis: number): Tensor =>
    control(0, axis)
      .mul((1 - t) ** 2)
      .add(control(1, axis).mul(2 * t * (1 - t)))
      .add(control(2, axis).mul(t * t));
  const joints = Array.from({ length: CHORDS + 1 }, (_, k) => ({ x: at(k / CHORDS, 0), y: at(k / CHORDS, 1) }));
  let nearest: Tensor | undefined;
  for (let k = 0; k < CHORDS; k++) {
    const [a, b] = [joints[k], joints[k + 1]];
    if (!a || !b) continue;
    const [ux, uy] = [b.x.sub(a.x), b.y.sub(a.y)];
    const [px, py] = [x.sub(a.x), y.sub(a.y)];
    const along = px.mul(ux).add(py.mul(uy)).div(ux.square().add(uy.square()).add(EPSILON)).clip(0, 1);
    const apart = px
      .sub(along.mul(ux))
      .square()
      .add(py.sub(along.mul(uy)).square());
    nearest = nearest ? nearest.min(apart) : apart;
  }
  return (nearest ?? x).add(EPSILON).sqrt();
}
