import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../server/queue.ts';
import { say, type TestServer, useServer, Watcher } from '../support/server.ts';

const item = (id: string) => ({ id, by: id.slice(0, 1) });
const queueOf = (...ids: string[]) => {
  const queue = new FairQueue<ReturnType<typeof item>>();
  for (const id of ids) queue.add(item(id));
  return queue;
};
const taken = (queue: ReturnType<typeof queueOf>): string[] => {
  const all: string[] = [];
  for (let next = queue.take(); next; next = queue.take()) all.push(next.id);
  return all;
};

describe('a queue', () => {
  it('lets people take turns, each with what they asked for first', () => {
    expect(taken(queueOf('a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'))).toEqual([
      'a1',
      'b1',
      'c1',
      'a2',
      'b2',
      'a3',
      'a4',
    ]);
  });
  it('says the order in which it will be taken', () => {
    const queue = queueOf('a1', 'a2', 'b1', 'a3', 'c1', 'b2');
    queue.take();
    queue.add(item('d1'));
    const order = queue.order().map(({ id }) => id);
    expect(taken(queue)).toEqual(order);
  });
  it('serves who comes anew before those who have had their turn, and remembers whose it was', () => {
    const queue = queueOf('a1', 'a2', 'a3');
    expect(queue.take()?.id).toBe('a1');
    queue.add(item('b1'));
    expect(queue.take()?.id).toBe('b1');
    queue.add(item('b2'));
    expect(taken(queue)).toEqual(['a2', 'b2', 'a3']);
  });
  it('takes what was interrupted before all, the last that came first, and forgets what is removed', () => {
    const queue = queueOf('a1', 'b1', 'b2');
    const [x1, y1] = [item('x1'), item('y1')];
    queue.addFirst(x1);
    queue.addFirst(y1);
    expect([queue.length, queue.of('b'), queue.of('x')]).toEqual([5, 2, 0]);
    queue.remove(x1);
    queue.remove(item('b1'));
    expect(taken(queue)).toEqual(['y1', 'a1', 'b1', 'b2']);
    expect(queue.length).toBe(0);
  });
});

describe('people at one studio', () => {
  const quick = { prompt: 'a red circle', steps: 4, size: 64, crops: 2, tries: 1 };
  const person = (server: TestServer) => {
    const port = new URL(server.url).port;
    const cookie = `lodestone-person-${port}=${randomUUID()}`;
    const socket = server.connect({ extraHeaders: { cookie } });
    const watcher = new Watcher(socket);
    const ask = async (parameters: object): Promise<string> => {
      const answer = await say(socket, 'start', { plugin: 'guide', parameters });
      if (!answer.ok) throw new Error(answer.error.code);
      return (answer.value as { job: string }).job;
    };
    const cancel = (job: string) => say(socket, 'cancel', { job });
    const move = (job: string, how: string) => say(socket, 'move', { job, how });
    return { watcher, ask, cancel, move };
  };

  it('take turns, are told their place and whose each run is, and in how long it begins once that was measured', async () => {
    const server = await useServer();
    const [ann, bob] = [person(server), person(server)];
    const first = await ann.ask(quick);
    await ann.watcher.until((u) => u.job === first && u.state === 'done');
    const long = await ann.ask({ ...quick, steps: 4000 });
    await ann.watcher.until((u) => u.job === long && u.state === 'running');
    const [two, three] = [await ann.ask(quick), await ann.ask(quick)];
    const his = await bob.ask(quick);
    const place = (job: string, at: number) => bob.watcher.until((u) => u.job === job && u.place === at);
    const [one] = await Promise.all([place(his, 1), place(two, 2), place(three, 3)]);
    expect([one.mine, (await place(two, 2)).mine]).toEqual([true, false]);
    // How long the long one takes was never measured.
    expect(one.wait).toBeUndefined();
    await ann.cancel(long);
    const his2 = await bob.watcher.until((u) => u.job === three && u.wait !== undefined && u.state === 'waiting');
    expect(his2.wait).toBeGreaterThanOrEqual(0);
    const order = [his, two, three];
    await Promise.all(order.map((job) => bob.watcher.until((u) => u.job === job && u.state === 'done')));
    const ends = order.map((job) => bob.watcher.updates.findIndex((u) => u.job === job && u.state === 'done'));
    expect(ends).toEqual(ends.toSorted((a, b) => a - b));
  });
  it('may have twenty waiting each; one who has that many keeps nobody out', async () => {
    const server = await useServer();
    const [ann, bob] = [person(server), person(server)];
    const long = await ann.ask({ ...quick, steps: 4000 });
    await ann.watcher.until((u) => u.job === long && u.state === 'running');
    for (let i = 0; i < 20; i++) await ann.ask(quick);
    await expect(ann.ask(quick)).rejects.toThrow('JOBS_FULL');
    const his = await bob.ask(quick);
    await bob.watcher.until((u) => u.job === his && u.place === 1);
    expect(await ann.move(his, 'hold')).toMatchObject({ ok: false, error: { code: 'NOT_YOURS' } });
    expect(await ann.move(long, 'hold')).toMatchObject({ ok: false, error: { code: 'NOT_WAITING' } });
    expect(await bob.move(his, 'hold')).toEqual({ ok: true, value: null });
    await ann.watcher.until((u) => u.job === his && u.held === true && u.place === undefined);
  });
  it('are given a number when they open the page, and keep it', async () => {
    const server = await useServer();
    const first = await fetch(server.url);
    const cookie = first.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^lodestone-person-\d+=[0-9a-f-]{36}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    const again = await fetch(server.url, { headers: { cookie: cookie.split(';')[0] ?? '' } });
    expect(again.headers.get('set-cookie')).toBeNull();
    expect((await fetch(new URL('studio.css', server.url))).headers.get('set-cookie')).toBeNull();
  });
});
