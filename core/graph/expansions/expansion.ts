/** What an expansion is: an operator that only some exporters write, spelt out in the operators that inference and gradient rules know. */
import type { Tensor } from '../tensor.ts';
import type { Attributes } from '../types.ts';

export interface ExpansionInput {
  readonly attributes: Attributes;
  /** Inputs of the node; one that is left out stands as undefined. */
  readonly inputs: readonly (Tensor | undefined)[];
  /** Input 0. */
  readonly x: Tensor;
  /** How many outputs the node names. */
  readonly outputs: number;
  /** Throws GRAPH_OPERATOR with the node's name and this advice. */
  readonly refuse: (advice: string) => never;
}

/** The outputs of the node; undefined where the operator stands as it is. */
export type Expansion = (n: ExpansionInput) => readonly Tensor[] | undefined;

/** Input `i`, which the operator's definition demands. */
export const required = (n: ExpansionInput, i: number): Tensor =>
  n.inputs[i] ?? n.refuse(`Its input ${i} is missing; export the model again.`);

/** The numbers of input `i`, which must be known before the graph runs; undefined when it is left out. */
export function numbersOf(n: ExpansionInput, i: number, what: string): readonly number[] | undefined {
  const given = n.inputs[i];
  if (!given || given.size === 0) return undefined;
  return given.known?.data ?? n.refuse(`Its ${what} must be constant; export the model with fixed sizes.`);
}
