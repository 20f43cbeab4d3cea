/**
 * Picks early: a tower that reads one token at its end computes all the others in its last block for nothing.
 * A Gather of one index is moved before the row-wise operators that feed it, in the forward pass and so in the backward one.
 */
import { numbersOf } from './data.ts';
import { prune } from './prune.ts';
import { type Tensor, Trace } from './tensor.ts';
import type { Graph, GraphNode } from './types.ts';
import { intOf } from './types.ts';

const ELEMENTWISE: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div', 'Sigmoid', 'Tanh', 'Erf', 'Relu', 'Gelu', 'Sqrt', 'Pow', 'com.microsoft:QuickGelu', 'Cast']);

interface Picker {
  readonly trace: Trace;
  readonly graph: Graph;
  readonly made: ReadonlyMap<string, GraphNode>;
  readonly uses: ReadonlyMap<string, number>;
  readonly values: Record<string, Tensor>;
  readonly axis: number;
  readonly index: Tensor;
}

/** The picked row of a value of rank 3, worked out as far up as it goes. */
function picked(name: string, p: Picker): Tensor | undefined {
  const value = p.values[name];
  const node = p.made.get(name);
  if (!value) return undefined;
  const plain = (): Tensor => value.gather(p.index, p.axis);
  if (!node || value.rank !== 3 || (p.uses.get(name) ?? 0) > 2) return plain();
  const [first = '', second = '', third = ''] = node.inputs;
  if (ELEMENTWISE.has(node.operator)) {
    const sides = node.inputs.map((input) => side(input, value.shape, p));
    const [head, ...rest] = sides;
    if (!head || rest.some((s) => !s)) return plain();
    // The operator is one of ELEMENTWISE, all of which the union holds.
    return p.trace.builder.add(node.operator, sides.map((s) => s?.value ?? ''), node.attributes).map((v) => head.at(v))[0];
  }
  if (node.operator === 'LayerNormalization' && [-1, 2].includes(intOf(node.attributes, 'axis', -1))) {
    const x = picked(first, p);
    const names = [x?.value ?? '', p.values[second]?.value ?? '', ...(third ? [p.values[third]?.value ?? ''] : [])];
    return x && p.trace.builder.add(node.operator, names, { ...node.attributes, axis: { type: 'int', value: -1 } }).map((v) => x.at(v))[0];
  }
  if (node.operator === 'MatMul' && p.values[second]?.rank === 2) {
    const x = picked(first, p);
    return x && p.values[second] ? x.matmul(p.values[second]) : plain();
  }
  return plain();
}

/** An operand of an elementwise node: picked when it has the full shape, as it is when it broadcasts along the picked axis. */
function side(name: string, full: readonly number[], p: Picker): Tensor | undefined {
  const value = p.values[name];
  if (!value) return undefined;
  if (value.rank === 3 && value.shape[p.axis] === full[p.axis] && value.shape[p.axis] !== 1) return picked(name, p);
  return value.rank <= 1 ? value : undefined;
}

/** The same graph with its last picking moved up; the graph itself where there is nothing to gain. Needs static shapes. */
export function narrowed(graph: Graph): Graph {
  const constantIndex = (node: GraphNode): boolean => {
    const constant = graph.initialisers.get(node.inputs[1] ?? '');
    return constant !== undefined && constant.shape.length === 0 && numbersOf(constant, 1) !== undefined;
  };
  const pick = graph.nodes.findLast((n) => n.operator === 'Gather' && intOf(n.attributes, 'axis', 0) === 1 && constantIndex(n) && graph.types.get(n.inputs[0] ?? '')?.shape.length === 3);
  if (!pick) return graph;
  const t = new Trace(graph.name);
  const inputs = Object.fromEntries(graph.inputs.map((i) => [i.name, t.input(i.name, graph.types.get(i.name)?.shape ?? [], i.dtype)]));
  const [target = ''] = pick.outputs;
  const before = prune({ ...graph, outputs: [...new Set([...graph.nodes.slice(0, graph.nodes.indexOf(pick)).flatMap((n) => n.outputs.slice(0, 1)), ...graph.initialisers.keys()])] });
  const values = t.call(before, inputs);
  const uses = new Map<string, number>();
  for (const name of graph.nodes.flatMap((n) => n.inputs)) uses.set(name, (uses.get(name) ?? 0) + 1);
  const made = new Map(graph.nodes.flatMap((n) => n.outputs.map((o) => [o, n] as const)));
  const index = values[pick.inputs[1] ?? ''];
  const row = index && picked(pick.inputs[0] ?? '', { trace: t, graph, made, uses, values, axis: 1, index });
  if (!row) return graph;
  const rest = prune({ ...graph, nodes: graph.nodes.filter((n) => n !== pick) });
  const outputs = t.call({ ...rest, inputs: [...graph.inputs, { name: target, dtype: row.dtype, shape: row.shape }] }, { ...inputs, [target]: row }, 'rest.');
  return t.build(outputs);
}
