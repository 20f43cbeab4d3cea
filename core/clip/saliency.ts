/**
 * Where in a picture a score comes from. Towers of tokens: relevance through the attention maps, each weighed by its gradient
 * (Chefer, Gur and Wolf, 2021, equations 5 and 6). Convolutional towers: activations weighed by their positive gradients, place by place,
 * of the deepest layers of two sizes (Jiang et al., 2021, LayerCAM, equation 3). Towers that show neither, since their attention is one operator
 * say: squared gradients of the pixels.
 */
import { gradients } from '../autodiff/sweep.ts';
import type { Graph, Tensor } from '../graph/index.ts';
import { trace } from '../graph/index.ts';
import { cosines } from './similarity.ts';
import type { Tower } from './towers.ts';
import { callTower } from './towers.ts';

export interface SaliencyPlan {
  readonly kind: 'attention' | 'activations' | 'pixels';
  /** Names of the tower's values that are looked at; none for pixels. */
  readonly values: readonly string[];
}

const DEEPEST_SIZES = 2;
/** A map with fewer places along a side says nothing of where. */
const COARSEST = 3;

/** What there is to look at in a tower. */
export function saliencyPlan(tower: Tower, side: number): SaliencyPlan {
  const shapes = new Map<string, readonly number[]>();
  trace('places of a tower', (t) => {
    const names = tower.graph.nodes.map((n) => n.outputs[0] ?? '');
    const { embedding, values } = callTower(t, tower, t.input('pixels', [1, 3, side, side]), names);
    for (const name of names) shapes.set(name, values[name]?.shape ?? []);
    return { embedding };
  });
  const named = (operators: readonly string[]): string[] =>
    tower.graph.nodes.filter((n) => operators.includes(n.operator)).map((n) => n.outputs[0] ?? '');
  const attention = named(['Softmax']).filter((name) => {
    const [, , rows = 0, columns = 1] = shapes.get(name) ?? [];
    return rows === columns && rows > COARSEST ** 2;
  });
  if (attention.length > 1) return { kind: 'attention', values: attention };
  const maps = named(['Conv', 'Add', 'Relu']).filter((name) => {
    const [, , rows = 0, columns = 0] = shapes.get(name) ?? [];
    return rows === columns && rows >= COARSEST && (shapes.get(name)?.length ?? 0) === 4;
  });
  const last = new Map(maps.map((name) => [shapes.get(name)?.[2] ?? 0, name]));
  const [deepest = 1, ...finer] = [...last.keys()].sort((a, b) => a - b);
  // Maps are laid over each other place by place, so the finer one is a multiple of the deepest.
  const sizes = [deepest, ...finer.slice(0, DEEPEST_SIZES - 1).filter((size) => size % deepest === 0)];
  const values = sizes.flatMap((size) => last.get(size) ?? []);
  return values.length > 0 ? { kind: 'activations', values } : { kind: 'pixels', values: [] };
}

/** Inputs `pixels` [1, 3, side, side], `against` [k, d] and `weights` [1, k]; outputs `value` and `heat` [rows, columns], none negative. */
export function saliencyGraph(
  tower: Tower,
  plan: SaliencyPlan,
  { side, count, dimension }: { readonly side: number; readonly count: number; readonly dimension: number },
): Graph {
  return trace(`saliency of ${tower.graph.name}`, (t) => {
    const pixels = t.input('pixels', [1, 3, side, side]);
    const { embedding, values } = callTower(t, tower, pixels, plan.values);
    const value = cosines(embedding, t.input('against', [count, dimension]))
      .mul(t.input('weights', [1, count]))
      .sum();
    if (plan.kind === 'pixels') {
      const [gradient = pixels] = gradients(value, [pixels]);
      return { value, heat: gradient.square().sum([0, 1]) };
    }
    const looked = plan.values.flatMap((name) => (values[name] ? [values[name]] : []));
    const found = gradients(value, looked, { through: true });
    const pairs = looked.map((v, i) => [v, found[i] ?? v] as const);
    return { value, heat: plan.kind === 'attention' ? relevance(pairs) : activations(pairs) };
  });
}

type Pair = readonly [value: Tensor, gradient: Tensor];

function relevance(pairs: readonly Pair[]): Tensor {
  const [[first] = []] = pairs;
  if (!first) throw new Error('there is no attention to look at');
  const tokens = first.shape[2] ?? 1;
  const eye = first.floats(
    Array.from({ length: tokens * tokens }, (_, i) => (i % (tokens + 1) === 0 ? 1 : 0)),
    [tokens, tokens],
  );
  const all = pairs.reduce((sofar, [attention, gradient]) => {
    const weighed = attention.mul(gradient).max(0).mean([0, 1]);
    return sofar.add(weighed.matmul(sofar));
  }, eye);
  const off = all.sub(eye);
  const places = Math.floor(Math.sqrt(tokens));
  // One token more than places: a class token that reads the others. As many: what all places read of each.
  const row =
    tokens > places * places ? off.slice(0, 0, 1).slice(1, tokens - places * places, tokens) : off.mean([0], true);
  return row.reshape([places, places]);
}

function activations(pairs: readonly Pair[]): Tensor {
  const maps = pairs.map(([value, gradient]) => gradient.max(0).mul(value).sum([1]).max(0));
  const side = Math.max(...maps.map((m) => m.shape[1] ?? 1));
  const even = maps.map((map) => {
    const [, rows = 1, columns = 1] = map.shape;
    const enlarged = map
      .reshape([rows, 1, columns, 1])
      .expand([rows, side / rows, columns, side / columns])
      .reshape([side, side]);
    return enlarged.div(enlarged.maximum([0, 1], true).add(1e-9));
  });
  return even.reduce((a, b) => a.add(b)).mul(1 / even.length);
}
