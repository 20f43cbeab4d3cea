import { describe, expect, it } from 'vitest';
import { Between } from '../../../core/process/between.ts';

/** Numbers one after the other; `sent` tells how far the sender has come. */
function sending(count: number): { sent: () => number; items: AsyncGenerator<number> } {
  let at = 0;
  async function* items(): AsyncGenerator<number> {
    while (at < count) {
      at += 1;
      yield at;
    }
  }
  return { sent: () => at, items: items() };
}
const soon = (): Promise<void> => new Promise((done) => setTimeout(done, 20));

describe('what is sent', () => {
  it('waits until it is taken, and comes in order with what is said in between', async () => {
    const { sent, items } = sending(3);
    const told = new Between<number>(() => 1);
    const all = told.all(items);
    expect(await all.next()).toEqual({ done: false, value: 1 });
    told.say(10);
    await soon();
    expect(sent()).toBe(1);
    const rest: number[] = [];
    for await (const item of all) rest.push(item);
    expect(rest).toEqual([10, 2, 3]);
  });
  it('is kept while the sender works at something, so that it gets on; what weighs too much waits', async () => {
    const { sent, items } = sending(40);
    const told = new Between<number>((item) => (item === 20 ? Number.POSITIVE_INFINITY : 1));
    const all = told.all(items);
    expect(await all.next()).toEqual({ done: false, value: 1 });
    const came = await told.meanwhile(async () => {
      await soon();
      return sent();
    });
    expect(came).toBe(20);
    const rest: number[] = [];
    for await (const item of all) rest.push(item);
    expect(rest).toEqual(Array.from({ length: 39 }, (_, i) => i + 2));
  });
  it('is kept up to a limit', async () => {
    const { sent, items } = sending(40);
    const told = new Between<number>(() => 8 * 1024 * 1024);
    const all = told.all(items);
    await all.next();
    await told.meanwhile(soon);
    expect(sent()).toBe(5);
    await all.return();
  });
  it('waits again when the work is done', async () => {
    const { sent, items } = sending(10);
    const told = new Between<number>(() => 1);
    const all = told.all(items);
    await all.next();
    await told.meanwhile(async () => undefined);
    await soon();
    const now = sent();
    await all.next();
    await soon();
    expect(sent() - now).toBeLessThanOrEqual(1);
    await all.return();
  });
});
