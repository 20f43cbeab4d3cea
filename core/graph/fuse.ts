/** Joins x · sigmoid(a x) into the one operator that onnxruntime has for it, so that its gradient passes over memory fewer times. */
import { numbersOf } from './data.ts';
import { prune } from './prune.ts';
import { float, type Graph, type GraphNode } from './types.ts';

/** The graph with each such pattern as com.microsoft:QuickGelu (alpha 1.702 for CLIP's own, 1 for SiLU); the graph itself where there is none. */
export function fused(graph: Graph): Graph {
  const makers = new Map(graph.nodes.flatMap((n) => n.outputs.map((o) => [o, n] as const)));
  const other = (node: GraphNode, name: string): string | undefined => {
    const [a = '', b = ''] = node.inputs;
    return a === name ? b : b === name ? a : undefined;
  };
  /** The factor on x inside the sigmoid, when `gate` is sigmoid(a x). */
  const alphaOf = (gate: string, x: string): number | undefined => {
    const sigmoid = makers.get(gate);
    const inside = sigmoid?.operator === 'Sigmoid' ? (sigmoid.inputs[0] ?? '') : undefined;
    if (inside === undefined) return undefined;
    if (inside === x) return 1;
    const scaled = makers.get(inside);
    const constant = scaled?.operator === 'Mul' ? graph.initialisers.get(other(scaled, x) ?? '') : undefined;
    return constant && numbersOf(constant, 1)?.data[0];
  };
  let found = 0;
  const nodes = graph.nodes.map((node) => {
    if (node.operator !== 'Mul') return node;
    for (const x of node.inputs) {
      const alpha = alphaOf(other(node, x) ?? '', x);
      if (alpha === undefined) continue;
      found += 1;
      return { ...node, operator: 'com.microsoft:QuickGelu', inputs: [x], attributes: { alpha: float(alpha) } };
    }
    return node;
  });
  return found === 0 ? graph : prune({ ...graph, nodes });
}
