/** What was typed and chosen can be taken back, and done again. */
import { effect } from '@preact/signals';
import { allValues, chosenId } from './state.ts';

interface Form {
  readonly id: string;
  readonly all: typeof allValues.value;
}

const STEPS = 200;
/** What follows this closely is one change. */
const ONE_MS = 700;

const before: Form[] = [];
const after: Form[] = [];
let now: Form = { id: chosenId.value, all: allValues.value };
let changedAt = Number.NEGATIVE_INFINITY;

effect(() => {
  const next = { id: chosenId.value, all: allValues.value };
  if (next.id === now.id && next.all === now.all) return;
  const at = performance.now();
  // Another plugin alone is no change of what was typed.
  if (next.all !== now.all && at > changedAt + ONE_MS) {
    before.push(now);
    if (before.length > STEPS) before.shift();
  }
  if (next.all !== now.all) {
    changedAt = at;
    after.length = 0;
  }
  now = next;
});

function go(from: Form[], to: Form[]): void {
  const form = from.pop();
  if (!form) return;
  to.push(now);
  now = form;
  changedAt = Number.NEGATIVE_INFINITY;
  allValues.value = form.all;
  chosenId.value = form.id;
}
export const undoForm = (): void => go(before, after);
export const redoForm = (): void => go(after, before);
