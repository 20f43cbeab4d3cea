/** How many numbers an embedding has, told from the end of a tower: working out all of its shapes takes far longer. */
import { intOf } from '../graph/types.ts';
import type { Tower } from './towers.ts';

/** The width of the table that the tower multiplies with last; nothing where it ends in another way. */
export function projectedWidth({ graph, embedding }: Tower): number | undefined {
  const maker = (name: string) => graph.nodes.find((n) => n.outputs.includes(name));
  const last = maker(embedding);
  const [, weights = ''] = last?.inputs ?? [];
  const cast = maker(weights);
  const shape = graph.initialisers.get(cast?.operator === 'Cast' ? (cast.inputs[0] ?? '') : weights)?.shape;
  if (!last || shape?.length !== 2) return undefined;
  if (last.operator === 'MatMul') return shape[1];
  return last.operator === 'Gemm' ? shape[intOf(last.attributes, 'transB', 0) === 1 ? 0 : 1] : undefined;
}
