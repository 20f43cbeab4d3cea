/** Optimisers as part of the step's graph, so that a step is one run. */
import type { Shape, Tensor, Trace } from '../graph/index.ts';
import type { DrawerParameter, GuidanceSettings } from './protocol.ts';

const EPSILON = 1e-8;
/** Lion moves by whole signs, so its rates are a third of Adam's (Chen et al., 2023, recommend three to ten times smaller). */
const LION_SHARE = 1 / 3;

export interface RateInputs {
  /** Factor on the learning rates in this step, []. */
  readonly rate: Tensor;
  /** 1 / (1 - beta1^t) and 1 / (1 - beta2^t), []. */
  readonly unbias1: Tensor;
  readonly unbias2: Tensor;
}

/** By how much a parameter moves, and what is remembered of it: one tensor a name in `MOMENTS`. */
interface Move {
  readonly by: Tensor;
  readonly moments: readonly Tensor[];
}
type Optimiser = (
  value: Tensor,
  g: Tensor,
  moments: readonly Tensor[],
  settings: GuidanceSettings,
  inputs: RateInputs,
) => Move;

const blended = (old: Tensor, now: Tensor, beta: number): Tensor => old.mul(beta).add(now.mul(1 - beta));

/** Kingma and Ba, 2015, algorithm 1 */
const adam: Optimiser = (_, g, [m = g, v = g], s, { unbias1, unbias2 }) => {
  const [first, second] = [blended(m, g, s.beta1), blended(v, g.square(), s.beta2)];
  return { by: first.mul(unbias1).div(second.mul(unbias2).sqrt().add(EPSILON)), moments: [first, second] };
};
/** Loshchilov and Hutter, 2019: the decay stands apart from the gradient */
const adamw: Optimiser = (value, g, moments, s, inputs) => {
  const { by, moments: next } = adam(value, g, moments, s, inputs);
  return { by: by.add(value.mul(s.decay)), moments: next };
};
/** Chen et al., 2023, algorithm 2 */
const lion: Optimiser = (value, g, [m = g], s) => ({
  by: blended(m, g, s.beta1).sign().mul(LION_SHARE).add(value.mul(s.decay)),
  moments: [blended(m, g, s.beta2)],
});
/** Along the gradient, each parameter's scaled to a root mean square of one: raw gradients of cosines are far too small to step by. */
const plain: Optimiser = (_, g) => ({ by: g.div(g.square().mean().sqrt().add(EPSILON)), moments: [] });

type ByGradient = Exclude<GuidanceSettings['optimiser'], 'evolution'>;
const OPTIMISERS: Record<ByGradient, Optimiser> = { adam, adamw, lion, plain };
/** Logarithm of how much wider than at the start a parameter's candidates are spread. */
export const SPREAD = 'spread';
const MOMENTS: Record<GuidanceSettings['optimiser'], readonly string[]> = {
  adam: ['first', 'second'],
  adamw: ['first', 'second'],
  lion: ['first'],
  plain: [],
  evolution: [SPREAD],
};

export const momentNames = ({ name }: DrawerParameter, { optimiser }: GuidanceSettings): string[] =>
  MOMENTS[optimiser].map((moment) => `${name}.${moment}`);

/** One step of one parameter, kept within its bounds: the parameter and its moments by their names. */
export function moved(
  t: Trace,
  p: DrawerParameter,
  value: Tensor,
  g: Tensor,
  s: GuidanceSettings & { readonly optimiser: ByGradient },
  inputs: RateInputs,
): Map<string, Tensor> {
  const names = momentNames(p, s);
  const moments = names.map((name) => t.input(name, p.shape as Shape));
  const move = OPTIMISERS[s.optimiser](value, g, moments, s, inputs);
  const next = value.sub(move.by.mul(inputs.rate.mul(p.rate))).clip(p.low, p.high);
  return new Map([[p.name, next], ...names.map((name, i) => [name, move.moments[i] ?? next] as const)]);
}

/** The schedule: a linear rise over `warmup` steps, then down to `end` as it says. Step counts from 0. */
export function rateAt(step: number, s: GuidanceSettings): number {
  const rise = Math.min(1, (step + 1) / Math.max(1, s.warmup));
  const share = step / s.steps;
  const fall = { cosine: 0.5 * (1 + Math.cos(Math.PI * share)), linear: 1 - share, constant: 1 }[s.schedule];
  return s.rate * rise * (s.end + (1 - s.end) * fall);
}
