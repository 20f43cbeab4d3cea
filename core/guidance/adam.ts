/** Adam as part of the step's graph (Kingma and Ba, 2015, algorithm 1), so that a step is one run. */
import type { Shape, Tensor, Trace } from '../graph/index.ts';
import type { DrawerParameter, GuidanceSettings } from './protocol.ts';

const EPSILON = 1e-8;

export interface AdamInputs {
  /** Factor on the learning rates in this step, []. */
  readonly rate: Tensor;
  /** 1 / (1 - beta1^t) and 1 / (1 - beta2^t), []. */
  readonly unbias1: Tensor;
  readonly unbias2: Tensor;
}

export interface Moved {
  readonly value: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
}

export const momentNames = (p: DrawerParameter): { readonly first: string; readonly second: string } => ({
  first: `${p.name}.first`,
  second: `${p.name}.second`,
});

/** One step of one parameter, kept within its bounds. */
export function adam(
  t: Trace,
  p: DrawerParameter,
  value: Tensor,
  g: Tensor,
  s: GuidanceSettings,
  { rate, unbias1, unbias2 }: AdamInputs,
): Moved {
  const names = momentNames(p);
  const first = t
    .input(names.first, p.shape as Shape)
    .mul(s.beta1)
    .add(g.mul(1 - s.beta1));
  const second = t
    .input(names.second, p.shape as Shape)
    .mul(s.beta2)
    .add(g.square().mul(1 - s.beta2));
  const move = first.mul(unbias1).div(second.mul(unbias2).sqrt().add(EPSILON)).mul(rate.mul(p.rate));
  return { value: value.sub(move).clip(p.low, p.high), first, second };
}

/** The schedule: a linear rise over `warmup` steps, then a half cosine down to `end`. Step counts from 0. */
export function rateAt(step: number, s: GuidanceSettings): number {
  const rise = Math.min(1, (step + 1) / Math.max(1, s.warmup));
  return s.rate * rise * (s.end + (1 - s.end) * 0.5 * (1 + Math.cos((Math.PI * step) / s.steps)));
}
