/** One guidance step as one graph: draw, crop, look, compare, differentiate, move. */
import { gradients } from '../autodiff/sweep.ts';
import type { Preprocessing } from '../clip/config.ts';
import { unit } from '../clip/similarity.ts';
import { styleLayers, styleProfile } from '../clip/style.ts';
import type { Tower } from '../clip/towers.ts';
import { callTower } from '../clip/towers.ts';
import { failure } from '../errors.ts';
import type { Graph, Shape, Tensor, Trace } from '../graph/index.ts';
import { concat, readOnnx, trace } from '../graph/index.ts';
import { objective } from './objective.ts';
import { moved } from './optimisers.ts';
import type { ParsedGuideRequest } from './protocol.ts';
import { PROMPT_SLOTS } from './protocol.ts';
import { STOCK } from './stock.ts';

/** Of a canvas, in pixels. */
export interface Extent {
  readonly height: number;
  readonly width: number;
}

export interface StepPlan {
  readonly request: ParsedGuideRequest;
  /** What the drawer draws at the size that is guided. */
  readonly drawing: Graph;
  readonly tower: Tower;
  readonly preprocessing: Preprocessing;
  /** Side of the pictures that the tower sees. */
  readonly side: number;
  /** The canvas that is guided. */
  readonly canvas: Extent;
  readonly dimension: number;
  readonly stock: number;
  /** Whether style is looked at. */
  readonly styled: boolean;
}

const SMALLEST_CANVAS = 8;
/** How firmly the drawing takes over what is painted on it. */
const PAINTED = 150;

/** Calls a drawer's graph. Throws GRAPH_INVALID when it does not draw. */
function drawn(
  t: Trace,
  drawing: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  prefix = '',
): { readonly colour: Tensor; readonly alpha: Tensor; readonly penalty: Tensor | undefined } {
  const { colour, alpha, penalty } = t.call(drawing, inputs, prefix);
  if (!colour || !alpha)
    throw failure('GRAPH_INVALID', { where: drawing.name, what: 'a drawer gives "colour" and "alpha"' });
  return { colour, alpha, penalty };
}

/** Inputs of a trace like those that a graph declares. */
const likeInputs = (t: Trace, { inputs }: Graph): Record<string, Tensor> =>
  Object.fromEntries(inputs.map((i) => [i.name, t.input(i.name, i.shape as Shape, i.dtype)]));

/** The size of the canvas that a drawer's graph draws. */
export function canvasOf(drawing: Graph): Extent {
  const traced = trace('canvas size', (t) => ({ colour: drawn(t, drawing, likeInputs(t, drawing)).colour.mul(1) }));
  const [, channels = 0, height = 0, width = 0] = traced.types.get('colour')?.shape ?? [];
  if (channels !== 3 || Math.min(height, width) < SMALLEST_CANVAS)
    throw failure('GRAPH_INVALID', {
      where: drawing.name,
      what: `a drawer gives colour [1, 3, height, width], ${SMALLEST_CANVAS} pixels or more, not [1, ${channels}, ${height}, ${width}]`,
    });
  return { height, width };
}

/** The drawing over its paper: [1, 3, h, w]. */
function onPaper(t: Trace, colour: Tensor, alpha: Tensor, paper: readonly number[]): Tensor {
  return colour.add(t.constant(paper, [1, 3, 1, 1]).mul(t.scalar(1).sub(alpha)));
}

/** Crops of the canvas with its alpha [1, 4, h, w], on their backdrops, their contrast and brightness turned: [n, 3, side, side] in 0..1. */
function seen(t: Trace, canvas: Tensor, { request, side, canvas: size }: StepPlan): Tensor {
  const { crops } = request.settings;
  const rows = t.input('rows', [crops, 1, side, size.height]);
  const columns = t.input('columns', [crops, 1, side, size.width]);
  const cut = rows.matmul(canvas).matmulTransposed(columns, 'right');
  const alpha = cut.slice(1, 3, 4);
  const picture = cut.slice(1, 0, 3).add(t.input('backdrop', [crops, 3, side, side]).mul(t.scalar(1).sub(alpha)));
  const mean = picture.mean([1, 2, 3], true);
  const turned = picture
    .sub(mean)
    .mul(t.input('contrast', [crops, 1, 1, 1]))
    .add(mean)
    .mul(t.input('brightness', [crops, 1, 1, 1]));
  return turned.add(t.input('noise', [crops, 3, side, side])).clip(0, 1);
}

/** Mean squared distance from what is painted, where it is opaque. */
function fromPaint(t: Trace, picture: Tensor, { height, width }: Extent): Tensor {
  const paint = t.input('paint', [1, 4, height, width]);
  return picture
    .sub(paint.slice(1, 0, 3))
    .square()
    .mul(paint.slice(1, 3, 4))
    .sum()
    .div(t.input('painted', []).mul(3))
    .mul(PAINTED);
}

/** The losses of the caller and of styles, each by its own weight in the input `weights`. */
function otherLosses(t: Trace, picture: Tensor, profile: Tensor | undefined, { request }: StepPlan): Tensor[] {
  const named = request.losses.map(({ graph, name }, i) => {
    const found = t.call(readOnnx({ bytes: graph, name: `loss ${name}` }), { picture }, `loss${i}.`)['loss'];
    if (!found) throw failure('GRAPH_INVALID', { where: `loss ${name}`, what: 'a loss gives "loss"' });
    return found.sum().mul(
      t
        .input('weights', [request.losses.length])
        .slice(0, i, i + 1)
        .reshape([]),
    );
  });
  if (!profile) return named;
  const wanted = t.input('style', [1, profile.shape[1] ?? 1]);
  return [...named, profile.sub(wanted).square().sum(-1).mean().mul(t.input('styleWeight', []))];
}

/** Inputs of the graph beside parameters and moments are named in `drawCrops`, in `promptFeeds` and in the stepper. */
export function stepGraph(plan: StepPlan): Graph {
  const { request, drawing, tower, preprocessing, dimension } = plan;
  const { settings: s, drawer } = request;
  return trace(`guidance of ${drawer.id} by ${tower.graph.name}`, (t) => {
    const parameters = drawer.parameters.map((p) => ({ p, value: t.input(p.name, p.shape) }));
    const values = Object.fromEntries(parameters.map(({ p, value }) => [p.name, value]));
    const { colour, alpha, penalty } = drawn(t, drawing, { ...values, progress: t.input('progress', []) }, 'drawer.');
    const pixels = seen(t, concat([colour, alpha], 1), plan)
      .sub(t.constant(preprocessing.mean, [1, 3, 1, 1]))
      .div(t.constant(preprocessing.std, [1, 3, 1, 1]));
    const look = plan.styled
      ? styleProfile(t, tower, pixels, styleLayers(tower, plan.side))
      : { embedding: callTower(t, tower, pixels).embedding, profile: undefined };
    const { loss, cosines, percentiles } = objective(
      unit(look.embedding),
      {
        prompts: t.input('prompts', [PROMPT_SLOTS, dimension]),
        attraction: t.input('attraction', [PROMPT_SLOTS]),
        repulsion: t.input('repulsion', [PROMPT_SLOTS]),
        stop: t.input('stop', [PROMPT_SLOTS]),
        applies: t.input('applies', [s.crops, PROMPT_SLOTS]),
        stock: t.input('stock', [plan.stock, dimension]),
        common: STOCK.length,
        excluded: t.input('excluded', [1, PROMPT_SLOTS, plan.stock]),
      },
      {
        contrast: t.input('contrastWeight', []),
        distance: t.input('distance', []),
        sharpness: t.input('sharpness', []),
      },
    );
    const picture = onPaper(t, colour, alpha, drawer.paper);
    const others = [
      ...otherLosses(t, picture, look.profile, plan),
      fromPaint(t, picture, plan.canvas),
      ...(penalty ? [penalty.sum()] : []),
    ];
    const total = others.reduce((a, b) => a.add(b), loss);
    const { optimiser } = s;
    // Evolution judges by the loss alone.
    if (optimiser === 'evolution') return { loss: total, cosines, percentiles };
    const found = gradients(
      total,
      parameters.map(({ value }) => value),
    );
    const inputs = { rate: t.input('rate', []), unbias1: t.input('unbias1', []), unbias2: t.input('unbias2', []) };
    const next = parameters.flatMap(({ p, value }, i) =>
      [...moved(t, p, value, found[i] ?? value.zeros(), { ...s, optimiser }, inputs)].map(
        ([name, v]) => [`next.${name}`, v] as const,
      ),
    );
    return { loss: total, cosines, percentiles, ...Object.fromEntries(next) };
  });
}

/** A drawer's graph as a picture on paper [1, 3, h, w], in 0..255. */
export function renderGraph(bytes: Uint8Array, id: string, paper: readonly number[]): Graph {
  const drawing = readOnnx({ bytes, name: `drawer ${id}` });
  return trace(`picture of ${id}`, (t) => {
    const { colour, alpha } = drawn(t, drawing, likeInputs(t, drawing));
    return { picture: onPaper(t, colour, alpha, paper).clip(0, 1).mul(255) };
  });
}
