/** Several beginnings, one finished: each is drawn for a part of the run, and the one that a judge likes best by views that guided none goes on. */
import { setImmediate } from 'node:timers/promises';
import { failure } from '../errors.ts';
import type { Beginning, GuideEvent, ReadyDrawer, Tried } from './protocol.ts';

/** What is tried. */
export interface Tryable {
  /** Begins anew; what it gives back takes that back. */
  begin(beginning: Beginning): Promise<() => void>;
  /** Waits where it is held. */
  held(): AsyncGenerator<GuideEvent>;
  advance(): Promise<void>;
  /** How good the drawing is. */
  score(): Promise<number>;
  frame(): Promise<GuideEvent>;
  /** What the drawing has come to; what it gives back puts it there again. */
  keep(): () => void;
}

/** The drawer with other starts, where they are as many numbers as it needs. */
export const begunWith = (drawer: ReadyDrawer, { starts }: Beginning): ReadyDrawer => ({
  ...drawer,
  parameters: drawer.parameters.map((p) => {
    const start = starts[p.name];
    return start?.length === p.start.length ? { ...p, start } : p;
  }),
});

/** Draws `steps` steps of each beginning and goes on with the best, the first of those that are alike. Throws CANCELLED as soon as the signal aborts. */
export async function* tryout(
  run: Tryable,
  {
    beginnings,
    steps,
    frameEvery,
    signal,
  }: {
    readonly beginnings: readonly Beginning[];
    readonly steps: number;
    readonly frameEvery: number;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<GuideEvent, Tried> {
  const scores: number[] = [];
  let best = { score: Number.NEGATIVE_INFINITY, chosen: 0, again: (): void => undefined };
  for (const [chosen, beginning] of beginnings.entries()) {
    const takeBack = await run.begin(beginning);
    for (let step = 1; step <= steps; step++) {
      await setImmediate();
      yield* run.held();
      if (signal.aborted) throw failure('CANCELLED', {});
      await run.advance();
      yield { type: 'trying', beginning: chosen + 1, of: beginnings.length, step, steps };
      if (step === steps || (frameEvery > 0 && step % frameEvery === 0)) yield await run.frame();
    }
    const score = await run.score();
    scores.push(score);
    if (score > best.score) best = { score, chosen, again: run.keep() };
    takeBack();
  }
  await run.begin(beginnings[best.chosen] ?? { starts: {} });
  best.again();
  return { chosen: best.chosen, scores };
}
