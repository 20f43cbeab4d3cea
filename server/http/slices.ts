/** Work for many, a little at a time: whoever asks something meanwhile is answered between two slices. */

const SLICE_MS = 4;

const waiting = new Set<() => void>();
let going = false;

/** Does it before long, once, however often it is asked for until then; in the order in which it was. */
export function soon(work: () => void): void {
  waiting.add(work);
  if (going) return;
  going = true;
  setImmediate(slice);
}

function slice(): void {
  const until = performance.now() + SLICE_MS;
  for (const work of waiting) {
    waiting.delete(work);
    work();
    if (performance.now() > until) break;
  }
  going = waiting.size > 0;
  if (going) setImmediate(slice);
}
