/** What a node reads: its inputs, and the outer values that graphs inside it (the branches of an If) refer to. */
import type { Graph, GraphNode } from './types.ts';

function captured(graph: Graph): readonly string[] {
  const own = new Set([
    ...graph.inputs.map((i) => i.name),
    ...graph.initialisers.keys(),
    ...graph.nodes.flatMap((n) => n.outputs),
  ]);
  return [...graph.nodes.flatMap(readsOf), ...graph.outputs].filter((name) => !own.has(name));
}

export function readsOf(node: GraphNode): readonly string[] {
  const inner = Object.values(node.attributes).flatMap((a) => (a.type === 'graph' ? captured(a.value) : []));
  return inner.length === 0 ? node.inputs : [...node.inputs, ...inner];
}
