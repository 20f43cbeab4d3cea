/** Parameters that filled shapes share: where they are, their colours and how solid they are. */

import type { Tensor } from '../../graph/index.ts';
import { gaussian } from '../../random.ts';
import { type DrawContext, type Drawn, UNSEEN } from '../drawer.ts';
import type { Plane } from '../plane.ts';
import type { DrawerParameter } from '../protocol.ts';
import { layered, logit, named, OPAQUE, sigmoid, undecided } from './layers.ts';

/** Opacity that a shape must have at the end to stay; fainter ones fade out as the run goes on. */
const FAINT = 0.35;
const FADING = 40;
/** Less than this of a shape is nothing to look at. */
const SEEN = 0.2;
/** Colours that shapes start from, at reduced contrast (sRGB). */
const PALETTE = [
  [0.12, 0.13, 0.2],
  [0.97, 0.96, 0.93],
  [0.86, 0.2, 0.18],
  [0.96, 0.56, 0.16],
  [0.98, 0.82, 0.24],
  [0.3, 0.6, 0.32],
  [0.18, 0.4, 0.78],
  [0.5, 0.76, 0.9],
];
const PALE = 0.5;

/** Centres spread over the plane, colours of a palette in turn, and opacities. */
export function shapeParameters(count: number, random: () => number, plane: Plane): DrawerParameter[] {
  const centre = (length: number): number => length * (0.5 + 0.36 * (2 * random() - 1));
  const centres = Array.from({ length: count }, () => [centre(plane.width), centre(plane.height)]).flat();
  const colours = Array.from({ length: count }, (_, i) => PALETTE[i % PALETTE.length] ?? [0.5, 0.5, 0.5]).flat();
  return [
    {
      name: 'centre',
      shape: [count, 2],
      start: Float32Array.from(centres),
      rate: 0.012,
      low: -0.1,
      high: Math.max(plane.width, plane.height) + 0.1,
    },
    {
      name: 'ink',
      shape: [count, 3],
      start: Float32Array.from(colours, (c) => PALE * logit(c) + 0.2 * gaussian(random)),
      rate: 0.06,
      low: -4,
      high: 4,
    },
    { name: 'opacity', shape: [count, 1], start: new Float32Array(count).fill(-0.8), rate: 0.08, low: -5, high: 5 },
  ];
}

/** How solid each shape is [count, 1]; faint ones fade out with `progress`. */
export function strengths(
  values: Readonly<Record<string, Tensor>>,
  progress: Tensor,
): { readonly solid: Tensor; readonly strength: Tensor } {
  const solid = named(values, 'opacity').sigmoid();
  const fade = solid.sub(FAINT).mul(progress.square()).mul(FADING).sigmoid().mul(2).min(1);
  return { solid, strength: solid.mul(fade).mul(OPAQUE) };
}
/** The same of one shape. */
export function strengthOf(opacity: number, progress: number): number {
  const solid = sigmoid(opacity);
  return OPAQUE * solid * Math.min(1, 2 * sigmoid(FADING * progress ** 2 * (solid - FAINT)));
}

/** Logits of shapes of a finished drawing: what has faded does not show again where another run begins with them, but where it is needed. */
export const settled = (opacities: Float32Array): Float32Array =>
  opacities.map((opacity) => (strengthOf(opacity, 1) < SEEN ? UNSEEN : opacity));

/** Shapes from how far inside each a pixel lies, [count, height * width] in edges: a sigmoid of it is what they cover. */
export function filled(inside: Tensor, values: Readonly<Record<string, Tensor>>, context: DrawContext): Drawn {
  const { solid, strength } = strengths(values, context.progress);
  const drawn = layered(context.t, inside.sigmoid().mul(strength), named(values, 'ink').sigmoid(), context);
  return { ...drawn, penalty: restraint(drawn.alpha, solid, context.progress) };
}

/** Colour and opacity of one shape at `progress`, 0..1. */
export function finishOf(
  { ink, opacity }: Readonly<Record<string, Float32Array>>,
  i: number,
  progress: number,
): { readonly colour: readonly [number, number, number]; readonly opacity: number } {
  const channel = (c: number): number => sigmoid(ink?.[3 * i + c] ?? 0);
  return { colour: [channel(0), channel(1), channel(2)], opacity: strengthOf(opacity?.[i] ?? 0, progress) };
}

/** What shapes would rather not do: cover more than they must, and be neither solid nor gone. */
const restraint = (alpha: Tensor, solid: Tensor, progress: Tensor): Tensor =>
  alpha.mean().mul(0.4).add(undecided(solid).mul(progress).mul(2));
