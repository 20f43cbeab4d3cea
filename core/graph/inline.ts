/** Copies a graph into one that is being written: operators are expanded, and branches whose condition is known are taken. */
import { failure } from '../errors.ts';
import type { GraphBuilder } from './builder.ts';
import { EXPANSIONS } from './expansions/index.ts';
import { isOperator } from './operators.ts';
import { Tensor } from './tensor.ts';
import type { Graph, GraphNode } from './types.ts';

/** Whether a graph that holds this operator can be run and differentiated; an If only where its condition is constant. */
export const isSupported = (operator: string): boolean =>
  operator === 'If' || Object.hasOwn(EXPANSIONS, operator) || isOperator(operator);

type Scope = Map<string, string>;

/** The branch of an If whose condition is known. */
function branchOf(builder: GraphBuilder, node: GraphNode, condition: string): Graph {
  const known = builder.known(condition)?.data[0];
  const branch = node.attributes[known ? 'then_branch' : 'else_branch'];
  if (known === undefined || branch?.type !== 'graph')
    throw failure('GRAPH_OPERATOR', {
      operator: 'If',
      node: node.name,
      model: builder.name,
      advice:
        'Its condition depends on the input. Export the model with fixed sizes, so that its condition is constant.',
    });
  return branch.value;
}

function expanded(
  builder: GraphBuilder,
  node: GraphNode,
  inputs: readonly string[],
  label: string,
): readonly string[] | undefined {
  const expansion = Object.hasOwn(EXPANSIONS, node.operator) ? EXPANSIONS[node.operator] : undefined;
  const [first] = inputs;
  if (!expansion || !first) return undefined;
  const refuse = (advice: string): never => {
    throw failure('GRAPH_OPERATOR', { operator: node.operator, node: label, model: builder.name, advice });
  };
  return expansion({
    attributes: node.attributes,
    inputs: inputs.map((name) => (name ? new Tensor(builder, name) : undefined)),
    x: new Tensor(builder, first),
    outputs: node.outputs.length,
    refuse,
  })?.map((t) => t.value);
}

/** Takes the known branch of an If: its values join the scope under the names of the node's outputs. */
function takeBranch(builder: GraphBuilder, node: GraphNode, condition: string, scope: Scope, label: string): void {
  const branch = branchOf(builder, node, condition);
  const inner = new Map(scope);
  for (const name of branch.initialisers.keys()) inner.delete(name);
  write(builder, branch, inner, `${label}.`);
  for (const [i, name] of node.outputs.entries()) scope.set(name, inner.get(branch.outputs[i] ?? '') ?? '');
}

function write(builder: GraphBuilder, graph: Graph, scope: Scope, prefix: string): void {
  for (const [name, constant] of graph.initialisers) {
    if (!scope.has(name)) scope.set(name, builder.initialiser(prefix + name, constant));
  }
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => (name ? (scope.get(name) ?? name) : ''));
    const label = prefix + node.name;
    if (node.operator === 'If') {
      takeBranch(builder, node, inputs[0] ?? '', scope, label);
      continue;
    }
    const outputs =
      expanded(builder, node, inputs, label) ??
      builder.add(node.operator, inputs, node.attributes, node.outputs.length, label);
    for (const [i, name] of node.outputs.entries()) if (name) scope.set(name, outputs[i] ?? '');
  }
}

/** Copies `graph` in, its inputs bound to values of the builder's; returns the values that its outputs became. Names get `prefix` in front. */
export function inline(
  builder: GraphBuilder,
  graph: Graph,
  bindings: ReadonlyMap<string, string>,
  prefix = '',
): ReadonlyMap<string, string> {
  const scope: Scope = new Map(bindings);
  for (const input of graph.inputs) {
    if (!scope.has(input.name))
      throw failure('GRAPH_SHAPE', { where: graph.name, what: `its input "${input.name}" is not given` });
  }
  write(builder, graph, scope, prefix);
  return new Map(graph.outputs.map((name) => [name, scope.get(name) ?? name]));
}
