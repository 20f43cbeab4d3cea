/** Work for many, a little at a time: whoever asks something meanwhile is answered between two slices, and most of the time is left for that. */

const SLICE_MS = 4;
/** After a slice it rests this many times as long as the slice took: telling many takes at most a quarter of a server. Watchers then get fewer updates, with more in each. */
const REST = 3;

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
  const began = performance.now();
  for (const work of waiting) {
    waiting.delete(work);
    work();
    if (performance.now() > began + SLICE_MS) break;
  }
  setTimeout(next, REST * (performance.now() - began));
}

function next(): void {
  going = waiting.size > 0;
  if (going) slice();
}
