/** States of a run that it can go back to, spread evenly over its steps. */
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import type { Plateau } from './plateau.ts';
import type { ReadyDrawer } from './protocol.ts';

const KEPT = 64;

export interface Kept {
  /** Steps done. */
  readonly step: number;
  readonly values: ReadonlyMap<string, OrtTensor>;
  readonly plateau: Plateau | undefined;
  /** Whose parameters these are. */
  readonly drawer: ReadyDrawer;
}

export class Trail {
  private readonly every: number;
  private readonly states: Kept[] = [];

  constructor(steps: number) {
    this.every = Math.max(1, Math.ceil(steps / KEPT));
  }

  /** Keeps the first state, and then one every so many steps. Tensors are shared, not copied: a step makes new ones. */
  pass({ step, values, ...rest }: Kept): void {
    if (this.states.length > 0 && step % this.every !== 0) return;
    this.states.push({ step, values: new Map(values), ...rest });
  }

  /** The last state at or before `step`, or the first of all. */
  at(step: number): Kept | undefined {
    return this.states.findLast((s) => s.step <= step) ?? this.states[0];
  }

  /** Forgets what came after a state. */
  forget({ step }: Kept): void {
    while ((this.states.at(-1)?.step ?? step) > step) this.states.pop();
  }
}
