/** Dead-node removal: keeps what the outputs reach, walking backwards. Declared inputs stay, so that the caller's feeds stay valid. */
import { readsOf } from './reads.ts';
import type { Graph, GraphNode } from './types.ts';

/** Operators that may be asked for fewer outputs than they can give. */
const OPTIONAL_OUTPUTS: ReadonlySet<string> = new Set(['LayerNormalization', 'MaxPool']);

function withoutUnread(node: GraphNode, needed: ReadonlySet<string>): GraphNode {
  const last = node.outputs.findLastIndex((name) => needed.has(name));
  return { ...node, outputs: node.outputs.slice(0, last + 1) };
}

export function prune(graph: Graph): Graph {
  const needed = new Set(graph.outputs);
  const kept = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    for (const name of readsOf(node)) needed.add(name);
    kept.push(OPTIONAL_OUTPUTS.has(node.operator) ? withoutUnread(node, needed) : node);
  }
  const made = new Set(kept.flatMap((node) => node.outputs));
  const present = (name: string): boolean =>
    needed.has(name) || made.has(name) || graph.inputs.some((i) => i.name === name);
  return {
    ...graph,
    nodes: kept.reverse(),
    initialisers: new Map([...graph.initialisers].filter(([name]) => needed.has(name))),
    types: new Map([...graph.types].filter(([name]) => present(name))),
  };
}
