/**
 * A signal that is aborted when nothing was heard for so long, or when another one is. Made of a timer and a controller: a signal of
 * `AbortSignal.timeout` that only `AbortSignal.any` refers to is collected as garbage by Node 20, and what waits for it then waits for ever.
 */

export interface Deadline {
  readonly signal: AbortSignal;
  /** The time begins anew. */
  again(): void;
  /** It never comes. */
  clear(): void;
}

/** `ms` in milliseconds; `why` is what the signal's reason says. */
export function deadline(ms: number, why: string, other?: AbortSignal): Deadline {
  const controller = new AbortController();
  const leave = (): void => controller.abort(other?.reason);
  let timer: NodeJS.Timeout | undefined;
  const again = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      other?.removeEventListener('abort', leave);
      controller.abort(new Error(why));
    }, ms).unref();
  };
  const clear = (): void => {
    clearTimeout(timer);
    other?.removeEventListener('abort', leave);
  };
  if (other?.aborted) leave();
  else other?.addEventListener('abort', leave, { once: true });
  again();
  return { signal: controller.signal, again, clear };
}
