/** What a gradient rule is: a pure function from a node and the cotangents of its outputs to the cotangents of its inputs. */
import type { Tensor } from '../graph/tensor.ts';
import type { Attributes } from '../graph/types.ts';

export interface RuleInput {
  readonly attributes: Attributes;
  /** Inputs of the node; one that is left out stands as undefined. */
  readonly inputs: readonly (Tensor | undefined)[];
  readonly outputs: readonly Tensor[];
  /** Cotangent of each output; undefined where nothing flows back. */
  readonly cotangents: readonly (Tensor | undefined)[];
  /** Input 0, output 0 and its cotangent: all that most rules need. */
  readonly x: Tensor;
  readonly y: Tensor;
  readonly g: Tensor;
  /** Throws GRADIENT_NO_RULE with the node's name and this advice. */
  readonly refuse: (advice: string) => never;
}

/**
 * The cotangent of one input, written only when it is asked for; it may be larger than the input where that was broadcast.
 * Null, or left out of the end of the list: there is no rule for this input.
 */
export type Pullback = (() => Tensor) | null;
export type Rule = (n: RuleInput) => readonly Pullback[];

/** For operators through which no gradient flows: comparisons, rounding, shapes. */
export const constant: Rule = () => [];
