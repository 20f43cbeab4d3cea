/** Waiting for what others wait for too. */
import { failure } from '../errors.ts';

/** Goes on without the work when the signal is aborted, and leaves the work alone. Throws CANCELLED. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(failure('CANCELLED', {}));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
