/** What a combined graph does with its embeddings: the factor and the offset on cosines, and where the embeddings are when they are no outputs. */
import { numbersOf } from '../graph/data.ts';
import type { Graph } from '../graph/index.ts';
import { specialise } from '../graph/index.ts';
import type { GraphNode } from '../graph/types.ts';

export interface LogitForm {
  readonly scale: number;
  readonly bias: number;
}

const PRODUCTS = new Set(['MatMul', 'Gemm', 'com.microsoft:FusedMatMul', 'Einsum']);
const logitsOutput = (graph: Graph): string | undefined =>
  graph.outputs.find((name) => name === 'logits_per_image') ?? graph.outputs.find((name) => name.startsWith('logits'));
const makersOf = (graph: Graph): ReadonlyMap<string, GraphNode> =>
  new Map(graph.nodes.flatMap((n) => n.outputs.map((o) => [o, n] as const)));

/** Walks back from the logits over additions, products and quotients with single numbers to the product of the embeddings. */
export function logitFormOf(graph: Graph): LogitForm | undefined {
  const output = logitsOutput(graph);
  if (!output) return undefined;
  const sizes = Object.fromEntries(
    graph.inputs.map((i) => [i.name, i.shape.map((d) => (typeof d === 'number' ? d : 1))]),
  );
  const fixed = specialise({ ...graph, outputs: [output] }, sizes);
  const makers = makersOf(fixed);
  const number = (name: string): number | undefined => {
    const constant = fixed.initialisers.get(name);
    return constant && numbersOf(constant, 1)?.data[0];
  };
  let form: LogitForm = { scale: 1, bias: 0 };
  let value = output;
  for (let node = makers.get(value); node; node = makers.get(value)) {
    const side = node.inputs.findIndex((name) => number(name) !== undefined);
    const constant = number(node.inputs[side] ?? '');
    const before = constant === undefined ? undefined : undone(node, side, constant, form);
    if (before) form = before;
    else if (PRODUCTS.has(node.operator)) {
      // The factor may be put on one of the embeddings before their product.
      const earlier = node.inputs.map((name) => factorBefore(makers, name, number)).reduce((a, b) => a * b, 1);
      return { scale: form.scale * earlier, bias: form.bias };
    } else if (!['Transpose', 'Identity', 'Cast'].includes(node.operator)) return undefined;
    value = node.inputs[side === 0 ? 1 : 0] ?? '';
  }
  return undefined;
}

/** What `form` is of the other input, when the node joins it with a single number. */
function undone({ operator }: GraphNode, side: number, c: number, { scale, bias }: LogitForm): LogitForm | undefined {
  if (operator === 'Add') return { scale, bias: bias + scale * c };
  if (operator === 'Mul') return { scale: scale * c, bias };
  if (operator === 'Sub' && side === 1) return { scale, bias: bias - scale * c };
  if (operator === 'Div' && side === 1) return { scale: scale / c, bias };
  return undefined;
}

/** A single number that an embedding is multiplied by just before the product, seen through a transpose. */
function factorBefore(
  makers: ReadonlyMap<string, GraphNode>,
  name: string,
  number: (name: string) => number | undefined,
): number {
  const node = makers.get(name);
  if (node?.operator === 'Transpose' || node?.operator === 'Identity')
    return factorBefore(makers, node.inputs[0] ?? '', number);
  const constants = node?.operator === 'Mul' ? node.inputs.map(number).filter((v) => v !== undefined) : [];
  return constants[0] ?? 1;
}

/** The two values whose product the logits are, for graphs that hand out nothing else. */
export function embeddingsBehindLogits(graph: Graph): string[] {
  const makers = makersOf(graph);
  let node = makers.get(logitsOutput(graph) ?? '');
  for (let steps = 0; node && steps < graph.nodes.length; steps++) {
    if (PRODUCTS.has(node.operator)) {
      return node.inputs.slice(0, 2).map((name) => {
        const maker = makers.get(name);
        return maker?.operator === 'Transpose' ? (maker.inputs[0] ?? name) : name;
      });
    }
    const made: string | undefined = node.inputs.find((name) => makers.has(name) && reachesProduct(makers, name));
    node = makers.get(made ?? '');
  }
  return [];
}
function reachesProduct(makers: ReadonlyMap<string, GraphNode>, name: string): boolean {
  const node = makers.get(name);
  if (!node) return false;
  if (PRODUCTS.has(node.operator)) return true;
  return (
    ['Mul', 'Add', 'Sub', 'Div', 'Transpose', 'Identity', 'Cast'].includes(node.operator) &&
    node.inputs.some((i) => reachesProduct(makers, i))
  );
}
