/** Reverse-mode differentiation, graph to graph: reachability, accumulation and un-broadcasting. It knows no operator. */
import { failure } from '../errors.ts';
import { isOperator } from '../graph/operators.ts';
import { Tensor } from '../graph/tensor.ts';
import { trace } from '../graph/trace.ts';
import type { Graph, GraphNode, Shape } from '../graph/types.ts';
import { sameShape } from '../graph/types.ts';
import { constant } from './rule.ts';
import { RULES } from './rules/index.ts';

/** Sums a cotangent over the axes along which its input was broadcast (NumPy's rule, backwards). */
function sumTo(cotangent: Tensor, shape: Shape): Tensor {
  if (sameShape(cotangent.shape, shape)) return cotangent;
  const lead = cotangent.rank - shape.length;
  const stretched = shape.flatMap((d, i) => (d === 1 && cotangent.shape[i + lead] !== 1 ? [i + lead] : []));
  const axes = [...Array.from({ length: Math.max(0, lead) }, (_, i) => i), ...stretched];
  return cotangent.sum(axes, true).reshape(shape);
}

/** Values that depend on any of `sources`. */
function reached(nodes: readonly GraphNode[], sources: ReadonlySet<string>): Set<string> {
  const found = new Set(sources);
  for (const node of nodes) {
    if (node.inputs.some((name) => found.has(name)))
      for (const name of node.outputs) if (!sources.has(name)) found.add(name);
  }
  return found;
}

/**
 * Gradients of the sum of `of` with respect to each of `wrt`, written into the same trace.
 * A value inside the graph may be a `wrt` too: the sweep stops there, unless it goes `through` such values to those before them.
 * Throws GRADIENT_UNREACHABLE when `of` does not depend on one of them.
 */
export function gradients(of: Tensor, wrt: readonly Tensor[], { through = false } = {}): Tensor[] {
  const { builder } = of;
  const wanted = new Set(wrt.map((t) => t.value));
  const nodes = [...builder.nodes];
  const active = reached(nodes, wanted);
  const cotangents = new Map<string, Tensor>();
  if (active.has(of.value)) cotangents.set(of.value, of.like(1).expand(of.shape));

  for (const node of nodes.toReversed()) {
    const incoming = node.outputs.map((name) => (wanted.has(name) && !through ? undefined : cotangents.get(name)));
    const [g = incoming.find((c) => c !== undefined)] = incoming;
    if (!g || !node.inputs.some((name) => active.has(name))) continue;
    const inputs = node.inputs.map((name) => (name ? new Tensor(builder, name) : undefined));
    const outputs = node.outputs.map((name) => new Tensor(builder, name));
    const [x = g] = inputs;
    const [y = g] = outputs;
    const refuse = (advice: string): never => {
      throw failure('GRADIENT_NO_RULE', { operator: node.operator, node: node.name, model: builder.name, advice });
    };
    const rule = isOperator(node.operator) ? RULES[node.operator] : refuse('Export the model without it.');
    if (rule === constant) continue;
    const pullbacks = rule({ attributes: node.attributes, inputs, outputs, cotangents: incoming, x, y, g, refuse });
    for (const [i, input] of inputs.entries()) {
      if (!input || !active.has(input.value) || !input.dtype.startsWith('float')) continue;
      const pullback = pullbacks[i] ?? refuse(`Its input ${i} must not depend on what is differentiated.`);
      const contribution = sumTo(pullback(), input.shape);
      const sofar = cotangents.get(input.value);
      cotangents.set(input.value, sofar ? sofar.add(contribution) : contribution);
    }
  }
  return wrt.map((t) => {
    const found = cotangents.get(t.value);
    if (!found) throw failure('GRADIENT_UNREACHABLE', { of: of.value, wrt: t.value });
    return found;
  });
}

export interface GradientRequest {
  /** An output of the graph; its elements are summed. */
  readonly of: string;
  /** Inputs of the graph, or values inside it. */
  readonly wrt: readonly string[];
}

/** A graph with the outputs of `graph` and `gradient.<name>` for each `wrt`. The graph must have static shapes. */
export function gradient(graph: Graph, { of, wrt }: GradientRequest): Graph {
  return trace(`gradient of ${graph.name}`, (t) => {
    const inputs = Object.fromEntries(
      graph.inputs.map(({ name, dtype }) => [name, t.input(name, graph.types.get(name)?.shape ?? [], dtype)]),
    );
    const inside = wrt.filter((name) => !inputs[name]);
    const values = t.call({ ...graph, outputs: [...new Set([...graph.outputs, ...inside])] }, inputs);
    const target = values[of];
    const sources = wrt.map((name) => inputs[name] ?? values[name]).filter((s) => s !== undefined);
    if (!target || sources.length < wrt.length) throw failure('GRADIENT_UNREACHABLE', { of, wrt: wrt.join(', ') });
    const found = gradients(target, sources);
    const outputs = graph.outputs.map((name) => [name, values[name] ?? target] as const);
    return Object.fromEntries([...outputs, ...found.map((g, i) => [`gradient.${wrt[i]}`, g] as const)]);
  });
}
