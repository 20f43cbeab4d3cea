/** One guidance step as one graph: draw, crop, look, compare, differentiate, move. */
import { gradients } from '../autodiff/sweep.ts';
import { unit } from '../clip/similarity.ts';
import { styleLayers, styleProfile } from '../clip/style.ts';
import { callTower } from '../clip/towers.ts';
import { failure } from '../errors.ts';
import type { Graph, Shape, Tensor, Trace } from '../graph/index.ts';
import { concat, readOnnx, trace } from '../graph/index.ts';
import { type Lens, prefixOf, seen } from './lens.ts';
import { objective, type Tuning } from './objective.ts';
import { moved } from './optimisers.ts';
import type { Extent } from './plane.ts';
import type { ParsedGuideRequest, ReadyDrawer } from './protocol.ts';
import { DIRECTION_SLOTS, PROMPT_SLOTS } from './protocol.ts';
import { STOCK } from './stock.ts';
import { stockRows } from './told-apart.ts';

export interface StepPlan {
  readonly request: ParsedGuideRequest;
  readonly drawer: ReadyDrawer;
  /** What the drawer draws at the size that is guided. */
  readonly drawing: Graph;
  /** The models that guide. */
  readonly lenses: readonly Lens[];
  /** The canvas that is guided. */
  readonly canvas: Extent;
  /** Rows of the stock. Those beyond `stockRows` are pictures, where any prompt is one. */
  readonly stock: number;
  /** Whether style is looked at, by the first of the models. */
  readonly styled: boolean;
  /** Which of the models the directions are among the embeddings of. */
  readonly led: number;
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

/** Mean squared distance from what is painted or locked [1, 4, h, w], where it is opaque. Each by its own size: a large lock takes nothing from a small dab. */
function fromPaint(t: Trace, picture: Tensor, paint: Tensor, size: 'painted' | 'locked'): Tensor {
  return picture
    .sub(paint.slice(1, 0, 3))
    .square()
    .mul(paint.slice(1, 3, 4))
    .sum()
    .div(t.input(size, []).mul(3))
    .mul(PAINTED);
}

interface Layers {
  /** Multiplied by its opacity: [1, 3, h, w]. */
  readonly colour: Tensor;
  readonly alpha: Tensor;
}
/** The drawing as it is seen: where it is locked, what it was. No gradient goes through there. */
function withLocked(t: Trace, { colour, alpha }: Layers, locked: Tensor): Layers {
  const opacity = locked.slice(1, 3, 4);
  const free = t.scalar(1).sub(opacity);
  return {
    colour: colour.mul(free).add(locked.slice(1, 0, 3).mul(opacity)),
    alpha: alpha.mul(free).add(opacity),
  };
}

/** The losses of the caller and of styles, each by its own weight in the input `weights`. */
function otherLosses(
  t: Trace,
  seenBy: { readonly picture: Tensor; readonly alpha: Tensor },
  profile: Tensor | undefined,
  { request }: StepPlan,
): Tensor[] {
  const weights = request.losses.length > 0 ? t.input('weights', [request.losses.length]) : undefined;
  const named = request.losses.map(({ graph, name }, i) => {
    const loss = readOnnx({ bytes: graph, name: `loss ${name}` });
    const asked = Object.fromEntries(Object.entries(seenBy).filter(([k]) => loss.inputs.some((x) => x.name === k)));
    const found = t.call(loss, asked, `loss${i}.`)['loss'];
    if (!found) throw failure('GRAPH_INVALID', { where: `loss ${name}`, what: 'a loss gives "loss"' });
    const weight = weights?.slice(0, i, i + 1).reshape([]);
    return weight ? found.sum().mul(weight) : found.sum();
  });
  if (!profile) return named;
  const wanted = t.input('style', [1, profile.shape[1] ?? 1]);
  return [...named, profile.sub(wanted).square().sum(-1).mean().mul(t.input('styleWeight', []))];
}

interface Looked {
  readonly loss: Tensor;
  /** `cosines` and `percentiles`, under the lens's prefix. */
  readonly told: Readonly<Record<string, Tensor>>;
  readonly profile: Tensor | undefined;
}

/** What one of the models makes of the canvas. */
function looked(t: Trace, canvas: Tensor, place: number, tuning: Tuning, plan: StepPlan): Looked {
  const { request, styled, stock } = plan;
  const pictures = stock - stockRows;
  const { settings: s } = request;
  const lens = plan.lenses[place];
  if (!lens) throw new Error(`there is no lens ${place}`);
  const prefix = prefixOf(place);
  const pixels = seen(t, canvas, lens, prefix, { crops: s.crops, canvas: plan.canvas, turns: s.rotation > 0 });
  const look =
    styled && place === 0
      ? styleProfile(t, lens.tower, pixels, styleLayers(lens.tower, lens.side))
      : { embedding: callTower(t, lens.tower, pixels).embedding, profile: undefined };
  const crops = unit(look.embedding);
  const { loss, cosines, percentiles } = objective(
    crops,
    {
      prompts: t.input(`${prefix}prompts`, [PROMPT_SLOTS, lens.dimension]),
      attraction: t.input(`${prefix}attraction`, [PROMPT_SLOTS]),
      repulsion: t.input(`${prefix}repulsion`, [PROMPT_SLOTS]),
      stop: t.input(`${prefix}stop`, [PROMPT_SLOTS]),
      applies: t.input(`${prefix}applies`, [s.crops, PROMPT_SLOTS]),
      stock: t.input(`${prefix}stock`, [stock, lens.dimension]),
      common: STOCK.length,
      ...(pictures > 0 ? { pictured: { slots: t.input(`${prefix}pictured`, [PROMPT_SLOTS]), rows: pictures } } : {}),
      excluded: t.input(`${prefix}excluded`, [1, PROMPT_SLOTS, stock]),
    },
    tuning,
  );
  const total = plan.lenses.reduce((sum, l) => sum + l.weight, 0) || 1;
  const led = place === plan.led && request.directions.length > 0 ? loss.add(along(t, crops, lens)) : loss;
  return {
    loss: led.mul(lens.weight / total),
    told: { [`${prefix}cosines`]: cosines, [`${prefix}percentiles`]: percentiles },
    profile: look.profile,
  };
}

/** Minus the mean cosine of the crops with each direction, times its weight. */
function along(t: Trace, crops: Tensor, { dimension }: Lens): Tensor {
  const rows = t.input('directions', [DIRECTION_SLOTS, dimension]);
  return crops
    .matmulTransposed(rows, 'right')
    .mean([0])
    .mul(t.input('directionWeights', [DIRECTION_SLOTS]))
    .sum()
    .neg();
}

/** Inputs of the graph beside parameters and moments are named in `drawCrops`, in `promptFeeds` and in the stepper. */
export function stepGraph(plan: StepPlan): Graph {
  const { request, drawing, drawer, lenses } = plan;
  const { settings: s } = request;
  return trace(`guidance of ${drawer.id} by ${lenses.map((l) => l.tower.graph.name).join(' and ')}`, (t) => {
    const parameters = drawer.parameters.map((p) => ({ p, value: t.input(p.name, p.shape) }));
    const values = Object.fromEntries(parameters.map(({ p, value }) => [p.name, value]));
    const {
      colour: pure,
      alpha,
      penalty,
    } = drawn(t, drawing, { ...values, progress: t.input('progress', []) }, 'drawer.');
    // Nothing is added here; its gradient tells where a change of colour would help most.
    const probe = asksForBlame(plan) ? t.input('probe', [1, 3, plan.canvas.height, plan.canvas.width]) : undefined;
    const colour = probe ? pure.add(probe) : pure;
    const kept = t.input('lock', [1, 4, plan.canvas.height, plan.canvas.width]);
    const shown = withLocked(t, { colour, alpha }, kept);
    const canvas = concat([shown.colour, shown.alpha], 1);
    const tuning = {
      contrast: t.input('contrastWeight', []),
      distance: t.input('distance', []),
      sharpness: t.input('sharpness', []),
    };
    const looks = lenses.map((_, place) => looked(t, canvas, place, tuning, plan));
    const picture = onPaper(t, shown.colour, shown.alpha, drawer.paper);
    const beneath = onPaper(t, colour, alpha, drawer.paper);
    const terms = [
      ...looks.map((l) => l.loss),
      ...otherLosses(t, { picture, alpha: shown.alpha }, looks[0]?.profile, plan),
      fromPaint(t, picture, t.input('paint', [1, 4, plan.canvas.height, plan.canvas.width]), 'painted'),
      // What lies beneath a lock follows it: it is seen again when the lock goes, and in an SVG.
      fromPaint(t, beneath, kept, 'locked'),
      // What the drawer would rather not do counts beside what is wanted: alone it would wipe the canvas.
      ...(penalty ? [penalty.sum().mul(t.input('restraint', []))] : []),
    ];
    const total = terms.reduce((a, b) => a.add(b));
    const told = Object.assign({}, ...looks.map((l) => l.told)) as Record<string, Tensor>; // records of one type joined
    const { optimiser } = s;
    // Evolution judges by the loss alone.
    if (optimiser === 'evolution') return { loss: total, ...told };
    const found = gradients(total, [...parameters.map(({ value }) => value), ...(probe ? [probe] : [])]);
    const inputs = { rate: t.input('rate', []), unbias1: t.input('unbias1', []), unbias2: t.input('unbias2', []) };
    const next = parameters.flatMap(({ p, value }, i) =>
      [...moved(t, p, value, found[i] ?? value.zeros(), { ...s, optimiser }, inputs)].map(
        ([name, v]) => [`next.${name}`, v] as const,
      ),
    );
    const blame = probe ? { blame: found[parameters.length] ?? probe } : {};
    return { loss: total, ...told, ...Object.fromEntries(next), ...blame };
  });
}

/** Whether shapes are put where they are needed, so that the step must tell where that is. */
const asksForBlame = ({ request, drawer }: Pick<StepPlan, 'request' | 'drawer'>): boolean =>
  drawer.shapes !== undefined && request.settings.renewals > 0 && request.settings.optimiser !== 'evolution';

/** A drawer's graph as a picture on paper [1, 3, h, w], in 0..255. */
export function renderGraph(bytes: Uint8Array, id: string, paper: readonly number[]): Graph {
  const drawing = readOnnx({ bytes, name: `drawer ${id}` });
  return trace(`picture of ${id}`, (t) => {
    const { colour, alpha } = drawn(t, drawing, likeInputs(t, drawing));
    return { picture: onPaper(t, colour, alpha, paper).clip(0, 1).mul(255) };
  });
}
