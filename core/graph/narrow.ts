/**
 * Picks early: a tower that reads one token at its end computes all the others in its last block for nothing.
 * The row-wise operators that feed only that picking are worked out for the picked row alone, in the forward pass and so in the backward one.
 */
import { failure } from '../errors.ts';
import { numbersOf } from './data.ts';
import type { Tensor } from './tensor.ts';
import { Trace } from './trace.ts';
import type { Graph, GraphNode, Shape } from './types.ts';
import { intOf } from './types.ts';

const AXIS = 1;
const RANK = 3;
const ELEMENTWISE: ReadonlySet<string> = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Pow',
  'Sigmoid',
  'Tanh',
  'Erf',
  'Relu',
  'Gelu',
  'com.microsoft:QuickGelu',
]);

const shapeOf = (graph: Graph, name: string): Shape => graph.types.get(name)?.shape ?? [];

/** Whether each row of the node's output depends on the same row of its inputs alone. */
function isRowWise(graph: Graph, { operator, inputs, outputs, attributes }: GraphNode): boolean {
  const [x = '', second = ''] = inputs;
  const rank = shapeOf(graph, outputs[0] ?? '').length;
  if (rank !== RANK || outputs.length > 1) return false;
  if (ELEMENTWISE.has(operator)) return inputs.every((name) => [0, 1, RANK].includes(shapeOf(graph, name).length));
  if (operator === 'LayerNormalization') return [-1, 2].includes(intOf(attributes, 'axis', -1));
  return operator === 'MatMul' && shapeOf(graph, x).length === RANK && shapeOf(graph, second).length === 2;
}

/** The last Gather of one constant index along the tokens of a value [batch, tokens, width]. */
function lastPick(graph: Graph): GraphNode | undefined {
  return graph.nodes.findLast(({ operator, inputs: [x = '', index = ''], attributes }) => {
    const constant = graph.initialisers.get(index);
    const one = constant?.shape.length === 0 && numbersOf(constant, 1) !== undefined;
    return operator === 'Gather' && intOf(attributes, 'axis', 0) === AXIS && one && shapeOf(graph, x).length === RANK;
  });
}

/** Row-wise nodes whose outputs are read by the pick, or by other such nodes, and by nothing else. */
function feeding(graph: Graph, pick: GraphNode): ReadonlySet<GraphNode> {
  const readers = new Map<string, GraphNode[]>();
  for (const node of graph.nodes)
    for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  const found = new Set<GraphNode>([pick]);
  for (const node of graph.nodes.slice(0, graph.nodes.indexOf(pick)).reverse()) {
    const [output = ''] = node.outputs;
    const read = readers.get(output) ?? [];
    if (read.length > 0 && read.every((r) => found.has(r)) && !graph.outputs.includes(output) && isRowWise(graph, node))
      found.add(node);
  }
  found.delete(pick);
  return found;
}

/** Values of the graph that is written, whole and as picked rows. */
class Values {
  readonly whole = new Map<string, Tensor>();
  readonly rows = new Map<string, Tensor>();
  private readonly graph: Graph;
  private readonly tokens: number | undefined;
  private readonly index: number;

  constructor(graph: Graph, pick: GraphNode) {
    const [x = '', at = ''] = pick.inputs;
    const constant = graph.initialisers.get(at);
    this.graph = graph;
    this.tokens = shapeOf(graph, x)[AXIS];
    this.index = (constant && numbersOf(constant, 1)?.data[0]) ?? 0;
  }

  get(name: string): Tensor {
    const found = this.whole.get(name);
    if (!found) throw failure('GRAPH_INVALID', { where: this.graph.name, what: `"${name}" is read before it is made` });
    return found;
  }

  /** The picked row of a value, [batch, 1, width]; the value itself where it is the same for every row. */
  row(name: string): Tensor {
    const known = this.rows.get(name);
    if (known) return known;
    const value = this.get(name);
    if (value.rank !== RANK || value.shape[AXIS] !== this.tokens) return value;
    const row = value.gather(value.whole([this.index]), AXIS);
    this.rows.set(name, row);
    return row;
  }
}

/** The same graph with its last picking moved up; the graph itself where there is nothing to gain. Needs static shapes. */
export function narrowed(graph: Graph): Graph {
  const pick = lastPick(graph);
  const narrow = pick ? feeding(graph, pick) : new Set<GraphNode>();
  if (!pick || narrow.size === 0) return graph;
  const t = new Trace(graph.name);
  const values = new Values(graph, pick);
  for (const { name, dtype } of graph.inputs) values.whole.set(name, t.input(name, shapeOf(graph, name), dtype));
  for (const [name, constant] of graph.initialisers) values.whole.set(name, t.initialiser(name, constant));
  for (const node of graph.nodes) {
    const [output = ''] = node.outputs;
    if (node === pick) {
      values.whole.set(output, values.row(pick.inputs[0] ?? '').reshape(shapeOf(graph, output)));
      continue;
    }
    const early = narrow.has(node);
    const operand = (name: string): string => (early ? values.row(name) : values.get(name)).value;
    const inputs = node.inputs.map((name) => (name === '' ? '' : operand(name)));
    const made = t.builder.add(node.operator, inputs, node.attributes, node.outputs.length, node.name);
    const place = early ? values.rows : values.whole;
    for (const [i, name] of node.outputs.entries()) place.set(name, t.tensor(made[i] ?? ''));
  }
  return t.build(Object.fromEntries(graph.outputs.map((name) => [name, values.get(name)])));
}
