/** Puts nodes into an order in which every value is made before it is read; some converters append theirs at the end. */
import { readsOf } from './reads.ts';
import type { Graph, GraphNode } from './types.ts';

/** Stable: nodes that are in order already stay where they are. Throws when nodes wait for each other in a circle. */
export function sortNodes(graph: Graph): Graph {
  const ready = new Set(['', ...graph.inputs.map((i) => i.name), ...graph.initialisers.keys()]);
  const sorted: GraphNode[] = [];
  let waiting: readonly GraphNode[] = graph.nodes;
  while (waiting.length > 0) {
    const later: GraphNode[] = [];
    for (const node of waiting) {
      if (!readsOf(node).every((name) => ready.has(name))) later.push(node);
      else {
        sorted.push(node);
        for (const name of node.outputs) ready.add(name);
      }
    }
    if (later.length === waiting.length)
      throw new Error(`the nodes from "${later[0]?.name}" on read values that nothing makes`);
    waiting = later;
  }
  return { ...graph, nodes: sorted };
}
