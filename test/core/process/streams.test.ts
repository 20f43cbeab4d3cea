import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { failure } from '../../../core/errors.ts';
import { type Handlers, Peer } from '../../../core/process/rpc.ts';
import { portPair } from '../../support/ports.ts';

function pair(handlers: Handlers) {
  const [callerEnd, answererEnd] = portPair();
  const caller = new Peer(callerEnd);
  new Peer(answererEnd, handlers);
  return { caller, answererEnd };
}
const countTo = (n: number) =>
  async function* () {
    for (let i = 1; i <= n; i += 1) yield i;
  };

async function all(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

describe('a stream', () => {
  it('gives all items in order, beside others', async () => {
    const { caller } = pair({ count: countTo(50), none: countTo(0) });
    const expected = Array.from({ length: 50 }, (_, i) => i + 1);
    await expect(
      Promise.all([all(caller.stream('count', {})), all(caller.stream('none', {})), all(caller.stream('count', {}))]),
    ).resolves.toEqual([expected, [], expected]);
    expect(caller.pending).toBe(0);
  });

  it('never sends more than four items ahead of its reader, and makes no more than one beyond them', async () => {
    let made = 0;
    const { caller, answererEnd } = pair({
      count: async function* () {
        for (let i = 1; i <= 40; i += 1) {
          made += 1;
          yield i;
        }
      },
    });
    const ahead: [sent: number, made: number][] = [];
    let read = 0;
    for await (const _item of caller.stream('count', {})) {
      read += 1;
      await sleep(read % 4 === 0 ? 8 : 2);
      ahead.push([answererEnd.sent.filter(({ kind }) => kind === 'item').length - read, made - read]);
    }
    expect(read).toBe(40);
    expect(Math.max(...ahead.map(([sent]) => sent))).toBe(4);
    expect(Math.max(...ahead.map(([, more]) => more))).toBe(5);
  });

  it('gives what came before its error, and then the error', async () => {
    const { caller } = pair({
      half: async function* () {
        yield 'first';
        yield 'second';
        throw failure('FILE_MISSING', { path: '/b' });
      },
    });
    const stream = caller.stream('half', {});
    expect([await stream.next(), await stream.next()]).toEqual([
      { value: 'first', done: false },
      { value: 'second', done: false },
    ]);
    await expect(stream.next()).rejects.toMatchObject({ code: 'FILE_MISSING' });
    expect(caller.pending).toBe(0);
  });

  it('that its reader leaves ends at the other side too, even while it waits for room', async () => {
    const left = vi.fn();
    let made = 0;
    const { caller } = pair({
      endless: async function* () {
        try {
          for (;;) yield made++;
        } finally {
          left();
        }
      },
    });
    for await (const item of caller.stream('endless', {})) {
      if (item === 0) await sleep(20);
      if (item === 6) break;
    }
    await vi.waitFor(() => expect(left).toHaveBeenCalledTimes(1));
    await vi.waitFor(() => expect(caller.pending).toBe(0));
    expect(made).toBeLessThanOrEqual(12);
  });

  it('that is cancelled from outside fails with CANCELLED at its reader', async () => {
    const { caller } = pair({
      slow: async function* (_, { signal }) {
        yield 1;
        await sleep(60_000, undefined, { signal });
      },
    });
    const abort = new AbortController();
    const stream = caller.stream('slow', {}, abort.signal);
    expect((await stream.next()).value).toBe(1);
    setTimeout(() => abort.abort(), 5);
    await expect(stream.next()).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
