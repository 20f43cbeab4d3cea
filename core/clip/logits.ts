/** Finds the factor and the offset that a combined graph puts on cosines, when the configuration does not give the trained ones. */

import { numbersOf } from '../graph/data.ts';
import type { Graph } from '../graph/index.ts';
import { specialise } from '../graph/index.ts';

export interface LogitForm {
  readonly scale: number;
  readonly bias: number;
}

/** Walks back from the logits over additions and products with single numbers to the product of the embeddings. */
export function logitFormOf(graph: Graph): LogitForm | undefined {
  const output =
    graph.outputs.find((name) => name === 'logits_per_image') ??
    graph.outputs.find((name) => name.startsWith('logits'));
  if (!output) return undefined;
  const sizes = Object.fromEntries(
    graph.inputs.map((i) => [i.name, i.shape.map((d) => (typeof d === 'number' ? d : 1))]),
  );
  const fixed = specialise({ ...graph, outputs: [output] }, sizes);
  const number = (name: string): number | undefined => {
    const constant = fixed.initialisers.get(name);
    return constant && numbersOf(constant, 1)?.data[0];
  };
  let scale = 1;
  let bias = 0;
  let value = output;
  for (
    let node = fixed.nodes.find((n) => n.outputs.includes(value));
    node;
    node = fixed.nodes.find((n) => n.outputs.includes(value))
  ) {
    const side = node.inputs.findIndex((name) => number(name) !== undefined);
    const constant = number(node.inputs[side] ?? '');
    if (node.operator === 'Add' && constant !== undefined) bias += scale * constant;
    else if (node.operator === 'Mul' && constant !== undefined) scale *= constant;
    else if (!['Transpose', 'Identity', 'Cast'].includes(node.operator))
      return node.operator === 'MatMul' || node.operator === 'Gemm' ? { scale, bias } : undefined;
    value = node.inputs[side === 0 ? 1 : 0] ?? '';
  }
  return undefined;
}
