/** Requests to a hub that try again: a busy hub says when, a cut connection is made anew, a refusal is final. */
import { setTimeout as wait } from 'node:timers/promises';
import { deadline } from '../../deadline.ts';
import { failure, messageOf } from '../../errors.ts';
import { honourProxies } from '../../proxy.ts';

export interface Patience {
  /** Tries of one request, or of one file without a byte more. */
  readonly attempts: number;
  /** Pause after the first failure, in milliseconds; it doubles each time. */
  readonly pause: number;
  /** Silence after which a connection counts as cut, in milliseconds. */
  readonly silence: number;
}
export const PATIENCE: Patience = { attempts: 5, pause: 500, silence: 30_000 };
const LONGEST_PAUSE = 60_000;

export interface Connection {
  readonly repository: string;
  readonly fetch: typeof fetch;
  readonly patience: Patience;
  readonly signal?: AbortSignal;
}

const isBusy = (status: number): boolean => status === 429 || status === 408 || status >= 500;

/** Milliseconds to wait before the next try: what the hub asks for, or twice as long as before. */
function pauseAfter(response: Response | undefined, attempt: number, { pause }: Patience): number {
  const asked = Number(response?.headers.get('retry-after') ?? Number.NaN);
  return Math.min(LONGEST_PAUSE, Number.isFinite(asked) ? asked * 1000 : pause * 2 ** attempt);
}

/** Waits between tries. Throws CANCELLED. */
export async function rest(c: Connection, attempt: number, response?: Response): Promise<void> {
  await wait(pauseAfter(response, attempt, c.patience), undefined, c.signal ? { signal: c.signal } : {}).catch(() => {
    throw failure('CANCELLED', {});
  });
}

/** What a final refusal means to a person. */
export function refusal(c: Connection, status: number, what: string): Error {
  if (status === 401 || status === 403) return failure('HUB_DENIED', { repository: c.repository });
  if (status === 404) return failure('HUB_MISSING', { repository: c.repository, what });
  if (status === 429) return failure('HUB_BUSY', { repository: c.repository });
  return failure('HUB_FAILED', { repository: c.repository, what: `${what}: the hub answered with status ${status}` });
}

/** One request, tried again while the hub is busy or cannot be reached. The last answer is given back, whatever it is. Throws HUB_FAILED, CANCELLED. */
export async function request(c: Connection, url: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  await honourProxies();
  for (let attempt = 0; ; attempt++) {
    const last = attempt + 1 >= c.patience.attempts;
    let response: Response | undefined;
    const limit = deadline(c.patience.silence, 'nothing came for a while', c.signal);
    try {
      response = await c.fetch(url, { ...init, signal: init.signal ?? limit.signal });
      if (last || !isBusy(response.status)) return response;
      await response.body?.cancel();
    } catch (cause) {
      if (c.signal?.aborted) throw failure('CANCELLED', {}, cause);
      if (last)
        throw failure(
          'HUB_FAILED',
          { repository: c.repository, what: `the hub cannot be reached (${reason(cause)})` },
          cause,
        );
    }
    await rest(c, attempt, response);
  }
}

/** fetch hides why it failed in its cause. */
export const reason = (thrown: unknown): string =>
  thrown instanceof Error && thrown.cause ? messageOf(thrown.cause) : messageOf(thrown);
