/** The end of a drawing of shapes: those go without which it is as good, so that nothing is lost and what stays is plain. */
import type { GuideEvent } from './protocol.ts';

/** A drawing whose shapes can be taken away one by one. */
export interface Tidyable<State> {
  /** Shapes that are to be seen, the faintest first. */
  visible(state: State): readonly number[];
  without(row: number, state: State): State;
  /** What guides it: lower is better. */
  loss(state: State): Promise<number>;
  /** What an eye thinks of it by views that guided none: higher is better. */
  score(state: State): Promise<number>;
}

/** Never more than this share of the shapes is taken away. */
const TAKEN = 0.25;

/**
 * Takes shapes away as long as the score is never below what it was, and the loss above it by no more than `tolerance`, a share of it. Gives back
 * what is left: the same state where nothing could go, or as soon as the signal aborts.
 */
export async function* tidied<State>(
  drawing: Tidyable<State>,
  state: State,
  { tolerance, signal }: { readonly tolerance: number; readonly signal: AbortSignal },
): AsyncGenerator<GuideEvent, State> {
  const rows = drawing.visible(state);
  const [loss, least] = [await drawing.loss(state), await drawing.score(state)];
  let left = Math.floor(TAKEN * rows.length);
  let now = state;
  for (const [done, row] of rows.entries()) {
    if (signal.aborted || left === 0) break;
    const without = drawing.without(row, now);
    const asGood =
      (await drawing.score(without)) >= least && (await drawing.loss(without)) <= loss + tolerance * Math.abs(loss);
    if (asGood) {
      now = without;
      left -= 1;
    }
    yield { type: 'tidying', done: done + 1, of: rows.length };
  }
  return now;
}
