import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deadline } from '../../core/deadline.ts';

/** Never answers. */
const silent = createServer(() => undefined);
let url: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
});
afterAll(() => {
  silent.closeAllConnections();
  silent.close();
});

describe('a deadline', () => {
  it('comes though nobody holds on to it, however often garbage is collected', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const timer = setInterval(collect, 20);
    try {
      await expect(fetch(url, { signal: deadline(300, 'too late').signal })).rejects.toThrow('too late');
    } finally {
      clearInterval(timer);
    }
  });
  it('comes with the signal that it was made with, before or after', async () => {
    const outer = new AbortController();
    const later = deadline(60_000, 'too late', outer.signal);
    outer.abort(new Error('cancelled'));
    expect([later.signal.aborted, later.signal.reason]).toEqual([true, new Error('cancelled')]);
    expect(deadline(60_000, 'too late', outer.signal).signal.aborted).toBe(true);
  });
  it('never comes once it was cleared', async () => {
    const limit = deadline(20, 'too late');
    limit.clear();
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(limit.signal.aborted).toBe(false);
  });
});
