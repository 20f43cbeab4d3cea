/** The frames of before that the server has of the run on the canvas. */
import { effect, signal } from '@preact/signals';
import { stepsSchema } from '../server/wire.ts';
import { canvas } from './easel.ts';
import { looking, shown, shownJob } from './state.ts';

/** Steps that can be looked at, the smallest first. */
export const steps = signal<readonly number[]>([]);
/** How often they are asked for while a run goes on. */
const EVERY_MS = 2000;
const FIRST_MS = 150;

let of: string | undefined;
let asked = 0;

export const frameAddress = (job: string, step: number): string => `jobs/${encodeURIComponent(job)}/frames/${step}`;

async function ask(job: string): Promise<void> {
  asked = performance.now();
  const answer = await fetch(`jobs/${encodeURIComponent(job)}/frames`).catch(() => undefined);
  if (!answer?.ok || of !== job) return;
  const found = stepsSchema.safeParse(await answer.json()).data ?? [];
  if (of !== job) return;
  steps.value = found;
  const last = found.at(-1);
  const run = shown.peek();
  // One that was opened after its last frame was told, or that ended without a picture.
  if (last !== undefined && run && !run.frame && !run.picture && looking.peek() === undefined)
    canvas.picture(frameAddress(job, last));
}

effect(() => {
  const job = shownJob.value;
  if (job === of) return;
  of = job;
  steps.value = [];
  if (job !== undefined) void ask(job);
});
/** Soon after the last that is told, however often that is. */
let asking: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  const run = shown.value;
  if (!run?.progress || asking !== undefined || steps.peek().at(-1) === run.progress.done) return;
  asking = setTimeout(
    () => {
      asking = undefined;
      if (of !== undefined) void ask(of);
    },
    Math.max(FIRST_MS, asked + EVERY_MS - performance.now()),
  );
});

/** Later than any step. */
export const LAST_STEP = 1e9;

/** Shows what the drawing was at a step; now again without one. */
export function look(step: number | undefined): void {
  looking.value = step;
  const run = shown.peek();
  if (!run) return;
  // Before the first that was kept, that one is shown.
  if (step !== undefined) canvas.picture(frameAddress(run.job, Math.max(step, steps.peek()[0] ?? 0)));
  else if (!canvas.showNewest(run)) canvas.picture(frameAddress(run.job, LAST_STEP));
}
