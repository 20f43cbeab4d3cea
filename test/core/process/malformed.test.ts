import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Peer } from '../../../core/process/rpc.ts';
import { portPair } from '../../support/ports.ts';

const never = () => new Promise<never>(() => undefined);

const MALFORMED: readonly unknown[] = [
  { kind: 'failed', id: 0, error: null },
  { kind: 'failed', id: 0 },
  { kind: 'failed', id: 0, error: { code: 'INTERNAL' } },
  { kind: 'failed', id: 0, error: { code: 'INTERNAL', message: 7 } },
  { kind: 'call', id: 1 },
  { kind: 'call', id: 1, method: { toString: 'answer' } },
  { kind: 'call', id: 1, method: 'm'.repeat(65) },
  { kind: 'call', id: -1, method: 'answer' },
  { kind: 'call', id: 0.5, method: 'answer' },
  { kind: 'call', id: '1', method: 'answer' },
  { kind: 'call', id: Number.NaN, method: 'answer' },
  { kind: 'call', id: Number.POSITIVE_INFINITY, method: 'answer' },
  { kind: 'call', id: 2 ** 60, method: 'answer' },
  { kind: 'cancel' },
  { kind: 'taken', id: -0.1 },
  { kind: 'item', id: null, value: 1 },
  { kind: 'done', id: -7, value: 1 },
  { kind: 'explode', id: 0 },
  { kind: '__proto__', id: 0 },
  { kind: ['call'], id: 0, method: 'answer' },
  { id: 0, method: 'answer' },
  {},
  [],
  [{ kind: 'cancel', id: 0 }],
  'cancel',
  '',
  0,
  true,
  null,
  undefined,
  new Uint8Array(8),
];

function listening() {
  const [end] = portPair();
  const peer = new Peer(end, { answer: async () => 'answered', never });
  return { end, peer };
}

describe('a message that is none', () => {
  it.each(MALFORMED.map((message) => [message]))(
    'closes the channel with a reason, and rejects what waits: %j',
    async (message) => {
      const { end, peer } = listening();
      const waits = peer.call('any', {});
      const stream = peer.stream('any', {}).next();
      end.hear(message);
      expect(end.failed).toEqual([expect.stringMatching(/^it sent a message that is none \(.+\)$/s)]);
      const stopped = { code: 'ENGINE_STOPPED', cause: end.failed[0] };
      await expect(waits).rejects.toMatchObject(stopped);
      await expect(stream).rejects.toMatchObject(stopped);
      await expect(peer.call('any', {})).rejects.toMatchObject(stopped);
    },
  );

  it('closes the channel when two calls that go on have one number', () => {
    const { end } = listening();
    end.hear({ kind: 'call', id: 3, method: 'never' });
    expect(end.failed).toEqual([]);
    end.hear({ kind: 'call', id: 3, method: 'never' });
    expect(end.failed).toEqual(['it gave two calls one number']);
  });

  it('closes the channel when a stream sends more than was asked for', async () => {
    const { end, peer } = listening();
    const stream = peer.stream('many', {});
    const first = stream.next();
    for (let value = 0; value < 4; value += 1) end.hear({ kind: 'item', id: 0, value });
    await expect(first).resolves.toEqual({ done: false, value: 0 });
    expect(end.failed).toEqual([]);
    for (let value = 4; value < 6; value += 1) end.hear({ kind: 'item', id: 0, value });
    expect(end.failed).toEqual(['it sent more of a stream than was asked for']);
    const rest = async () => {
      for await (const _item of stream);
    };
    await expect(rest()).rejects.toMatchObject({ code: 'ENGINE_STOPPED', cause: end.failed[0] });
  });
});

describe('a message that is odd but well-formed', () => {
  it('changes nothing when it is about a call that is not there', async () => {
    const { end } = listening();
    for (const kind of ['cancel', 'taken', 'item', 'done']) end.hear({ kind, id: 99, value: 1 });
    end.hear({ kind: 'failed', id: 99, error: { code: 'INTERNAL', message: 'nothing' } });
    end.hear({ kind: 'call', id: 0, method: 'answer' });
    await sleep(1);
    expect(end.failed).toEqual([]);
    expect(end.sent).toEqual([{ kind: 'done', id: 0, value: 'answered' }]);
  });

  it.each(['NO_SUCH_CODE', '__proto__', 7, null, undefined])(
    'arrives as INTERNAL when it is an error with the code %j',
    async (code) => {
      const { end, peer } = listening();
      const waits = peer.call('any', {});
      end.hear({ kind: 'failed', id: 0, error: { code, message: 'what happened' } });
      await expect(waits).rejects.toMatchObject({ code: 'INTERNAL', message: 'what happened' });
      expect(end.failed).toEqual([]);
    },
  );

  it('is cut when it is an error with a message that never ends', async () => {
    const { end, peer } = listening();
    const waits = peer.call('any', {});
    end.hear({ kind: 'failed', id: 0, error: { code: 'FILE_MISSING', message: 'x'.repeat(100_000) } });
    await expect(waits).rejects.toMatchObject({
      code: 'FILE_MISSING',
      message: expect.stringMatching(/^x{8000}… \(100000 characters\)$/),
    });
  });

  it('ends a call once, however often it is answered', async () => {
    const { end, peer } = listening();
    const waits = peer.call('any', {});
    for (const value of ['first', 'second']) end.hear({ kind: 'done', id: 0, value });
    end.hear({ kind: 'failed', id: 0, error: { code: 'INTERNAL', message: 'third' } });
    await expect(waits).resolves.toBe('first');
    expect(end.failed).toEqual([]);
  });
});
