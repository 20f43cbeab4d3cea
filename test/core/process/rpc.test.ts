import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { failure } from '../../../core/errors.ts';
import { type Handlers, type Patience, Peer } from '../../../core/process/rpc.ts';
import { type End, portPair } from '../../support/ports.ts';

interface Pair {
  readonly caller: Peer;
  readonly callerEnd: End;
  readonly answererEnd: End;
}
function pair(handlers: Handlers, patience?: Patience): Pair {
  const [callerEnd, answererEnd] = portPair();
  const caller = new Peer(callerEnd, {}, patience);
  new Peer(answererEnd, handlers);
  return { caller, callerEnd, answererEnd };
}
const isStopped = (why: string) => expect.objectContaining({ code: 'ENGINE_STOPPED', cause: why });
const never = () => new Promise<never>(() => undefined);

describe('a call', () => {
  it('gets what its handler answers, however many there are at once', async () => {
    const { caller } = pair({ twice: async (n) => [n, n] });
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => caller.call('twice', i)));
    expect(answers).toEqual(Array.from({ length: 100 }, (_, i) => [i, i]));
    expect(caller.pending).toBe(0);
  });

  it('gets the error of its handler with the code, and INTERNAL for one without', async () => {
    const { caller } = pair({
      missing: async () => {
        throw failure('FILE_MISSING', { path: '/a' });
      },
      odd: () => {
        throw new TypeError('odd');
      },
    });
    await expect(caller.call('missing', {})).rejects.toMatchObject({ code: 'FILE_MISSING', message: /\/a/ });
    await expect(caller.call('odd', {})).rejects.toMatchObject({ code: 'INTERNAL', message: /odd/ });
  });

  it('that its handler cannot parse is the fault of who called', async () => {
    const { caller } = pair({ twice: async (n) => 2 * z.number().max(5).parse(n) });
    await expect(caller.call('twice', 6)).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      message: expect.stringContaining('"twice" was asked for something that it does not take: Too big'),
    });
    await expect(caller.call('twice', 5)).resolves.toBe(10);
  });

  it('gets an error when it, or its answer, is larger than a message may be', async () => {
    const large = new Uint8Array(65 << 20);
    const { caller } = pair({ large: async () => large, small: async () => 'fine' });
    await expect(caller.call('small', large)).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    await expect(caller.call('large', {})).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    await expect(caller.call('small', {})).resolves.toBe('fine');
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'unheard-of', ''])(
    'of "%s", for which there is no handler, is refused, and the channel goes on',
    async (method) => {
      const { caller } = pair({ here: async () => 'here' });
      await expect(caller.call(method, {})).rejects.toMatchObject({
        code: 'INTERNAL',
        message: expect.stringContaining(`no handler for "${method}"`),
      });
      await expect(caller.call('here', {})).resolves.toBe('here');
    },
  );

  it('is refused while a thousand others go on, or while others have brought half a gigabyte', async () => {
    const { answererEnd } = pair({ never });
    for (let id = 0; id < 1025; id += 1) answererEnd.hear({ kind: 'call', id, method: 'never' });
    await sleep(1);
    expect(answererEnd.sent).toMatchObject([{ kind: 'failed', id: 1024, error: { code: 'ENGINE_BUSY' } }]);
    const { answererEnd: heavy } = pair({ never });
    for (const id of [0, 1]) heavy.hear({ kind: 'call', id, method: 'never' }, 300 << 20);
    await sleep(1);
    expect(heavy.sent).toMatchObject([{ kind: 'failed', id: 1, error: { code: 'ENGINE_BUSY' } }]);
    expect([...answererEnd.failed, ...heavy.failed]).toEqual([]);
  });
});

describe('a cancelled call', () => {
  it('tells its handler, and fails with CANCELLED whatever the handler throws', async () => {
    const { caller } = pair({
      wait: (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped here')))),
    });
    const abort = new AbortController();
    const waits = caller.call('wait', {}, abort.signal);
    setTimeout(() => abort.abort(), 10);
    await expect(waits).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(caller.settling).toBe(false);
  });

  it('is not made at all when it was cancelled before', async () => {
    const { caller, callerEnd } = pair({});
    await expect(caller.call('any', {}, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(callerEnd.sent).toEqual([]);
  });

  it('that is not answered is told of, and is settled once it is answered', async () => {
    const late = vi.fn();
    let answer = (_: unknown): void => undefined;
    const deaf = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const { caller } = pair({ deaf }, { ms: 30, late });
    const abort = new AbortController();
    const waits = caller.call('deaf', {}, abort.signal);
    await sleep(5);
    abort.abort();
    let isSettled = false;
    const settled = caller.settled().then(() => {
      isSettled = true;
    });
    await vi.waitFor(() => expect(late).toHaveBeenCalledTimes(1), { timeout: 5000 });
    await sleep(10);
    expect([caller.settling, isSettled]).toEqual([true, false]);
    answer('at last');
    await expect(waits).resolves.toBe('at last');
    await settled;
    expect(caller.settling).toBe(false);
  });

  it('that is answered soon is not told of', async () => {
    const late = vi.fn();
    const { caller } = pair({ heeds: (_, { signal }) => sleep(60_000, undefined, { signal }) }, { ms: 100, late });
    const abort = new AbortController();
    const waits = caller.call('heeds', {}, abort.signal);
    setTimeout(() => abort.abort(), 5);
    await expect(waits).rejects.toMatchObject({ code: 'CANCELLED' });
    await caller.settled();
    await sleep(200);
    expect(late).not.toHaveBeenCalled();
  });

  it('is settled when the channel closes', async () => {
    const late = vi.fn();
    const { caller, callerEnd } = pair({ never }, { ms: 50, late });
    const abort = new AbortController();
    const waits = caller.call('never', {}, abort.signal);
    abort.abort();
    callerEnd.close('it was unplugged');
    await caller.settled();
    await expect(waits).rejects.toEqual(isStopped('it was unplugged'));
    await sleep(100);
    expect(late).not.toHaveBeenCalled();
  });
});

describe('a channel that has closed', () => {
  it('rejects what waits and what is asked later, and cancels what is worked on', async () => {
    const signals: AbortSignal[] = [];
    const { caller, callerEnd, answererEnd } = pair({
      work: (_, { signal }) => {
        signals.push(signal);
        return never();
      },
    });
    const waits = caller.call('work', {});
    await vi.waitFor(() => expect(signals).toHaveLength(1));
    callerEnd.close('the end');
    answererEnd.close('the end');
    await expect(waits).rejects.toEqual(isStopped('the end'));
    await expect(caller.call('work', {})).rejects.toEqual(isStopped('the end'));
    expect([signals[0]?.aborted, caller.pending]).toEqual([true, 0]);
  });
});
