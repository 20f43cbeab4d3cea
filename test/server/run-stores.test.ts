/** What every store of runs does, whether it is a file or a Redis. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pino } from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';
import { openJournal } from '../../core/index.ts';
import { openRedisRuns } from '../../server/redis/runs.ts';
import { EmbeddedRuns } from '../../server/runs/embedded.ts';
import type { Accepted, KeptCheckpoint, RunEvent } from '../../server/runs/events.ts';
import type { Follower, Known, Lease, RunStore, Waiting } from '../../server/runs/store.ts';
import { atEnd } from '../support/ending.ts';
import { temporaryFolder } from '../support/pictures.ts';
import { redisServer, type TestRedis, useRedis } from '../support/redis.ts';

const silent = pino({ level: 'silent' });
const accepted = (title: string, by = title.slice(0, 1), lane: Accepted['lane'] = 'long'): Accepted => ({
  type: 'accepted',
  at: 1,
  by,
  lane,
  plugin: { id: 'p', title: 'P', version: '1' },
  parameters: {},
  title,
  script: [],
});
const note = (text: string): RunEvent => ({ type: 'told', event: { type: 'note', text } });
const point = (x: number): RunEvent => ({ type: 'told', event: { type: 'chart', x, series: { score: x } } });
const done: RunEvent = { type: 'ended', at: 2, state: 'done' };
const state = (step: number, script: KeptCheckpoint['script'] = []): KeptCheckpoint => ({
  checkpoint: { step, values: { w: new Float32Array([step]) } },
  script,
});

/** What somebody was told who follows. */
class Ear implements Follower {
  readonly runs = new Map<string, RunEvent[]>();
  order: readonly Waiting[] = [];
  happened(id: string, event: RunEvent): void {
    this.runs.get(id)?.push(event);
  }
  queued(order: readonly Waiting[]): void {
    this.order = order;
  }
  known({ id, events }: Known): void {
    this.runs.set(id, [...events]);
  }
  forgotten(id: string): void {
    this.runs.delete(id);
  }
  told = (id: string): RunEvent[] => (this.runs.get(id) ?? []).filter(({ type }) => type !== 'kept');
}

interface Opened {
  readonly store: RunStore;
  readonly ear: Ear;
}
type Open = (place: string) => Promise<RunStore>;
let redis: TestRedis;
beforeAll(async () => {
  if (redisServer) redis = await useRedis();
});
const STORES: Record<string, Open> = {
  'a file': async (place) =>
    new EmbeddedRuns(
      openJournal(join(place, 'runs.sqlite'), () => undefined),
      () => undefined,
    ),
  ...(redisServer ? { 'a Redis': async (place: string) => openRedisRuns(`${redis.url}/${place}`, silent) } : {}),
};
let database = 0;

describe.each(Object.entries(STORES))('runs in %s', (kind, open) => {
  const fresh = async (): Promise<string> => (kind === 'a file' ? temporaryFolder() : String(database++));
  const at = async (place: string): Promise<Opened> => {
    const store = await open(place);
    atEnd(() => store.close());
    const ear = new Ear();
    const { runs } = await store.follow(ear);
    for (const run of runs) if (!ear.runs.has(run.id)) ear.known(run);
    return { store, ear };
  };
  const accept = async ({ store }: Opened, title: string, ...more: [by?: string, lane?: Accepted['lane']]) => {
    const id = `${title}-${randomUUID().slice(0, 8)}`;
    await store.accept(id, accepted(title, ...more));
    return id;
  };
  const titles = ({ ear }: Opened): string[] => ear.order.map(({ id }) => id.split('-')[0] ?? '');
  const soon = (look: () => unknown) => expect.poll(look, { timeout: 10_000, interval: 10 });
  /** Works on what is taken for as long as `until` says. */
  const working = ({ store }: Opened, work: (lease: Lease) => Promise<void>, lane: Accepted['lane'] = 'long') => {
    const begun = store.work(lane, work);
    let closed: Promise<void> | undefined;
    const close = (): Promise<void> => (closed ??= begun.close());
    atEnd(close);
    return { close };
  };
  const ends = async (lease: Lease): Promise<void> => lease.append(done);

  it('are told in the order in which they were accepted, people in turn, and are taken so', async () => {
    const opened = await at(await fresh());
    for (const title of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) await accept(opened, title);
    const order = ['a1', 'b1', 'c1', 'a2', 'b2', 'a3'];
    await soon(() => titles(opened)).toEqual(order);
    const taken: string[] = [];
    working(opened, async (lease) => {
      taken.push(lease.id.split('-')[0] ?? '');
      await ends(lease);
    });
    await soon(() => taken).toEqual(order);
    await soon(() => opened.ear.order).toEqual([]);
  });

  it('wait for nobody in another lane', async () => {
    const opened = await at(await fresh());
    const long = await accept(opened, 'a1');
    const short = await accept(opened, 'a2', 'a', 'short');
    let end: () => void = () => undefined;
    working(opened, async (lease) => {
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      await ends(lease);
    });
    working(opened, ends, 'short');
    await soon(() => opened.ear.told(short).at(-1)).toEqual(done);
    expect(opened.ear.told(long).map(({ type }) => type)).toEqual(['accepted']);
    await soon(() => opened.ear.order.length).toBe(0);
    end();
    await soon(() => opened.ear.told(long).at(-1)).toEqual(done);
  });

  it('of one person are twenty, and no more; those of others are accepted', async () => {
    const opened = await at(await fresh());
    for (let n = 0; n < 20; n++) await accept(opened, `a${n}`, 'a', n % 2 === 0 ? 'long' : 'short');
    await expect(accept(opened, 'a20')).rejects.toMatchObject({ code: 'JOBS_FULL' });
    expect([...opened.ear.runs.keys()]).toHaveLength(20);
    await accept(opened, 'b1');
    await soon(() => [...opened.ear.runs.keys()].length).toBe(21);
  });

  it('move up before what their person has waiting, and let others go by while they are held', async () => {
    const opened = await at(await fresh());
    const ids: Record<string, string> = {};
    for (const title of ['a1', 'a2', 'b1', 'b2', 'a3']) ids[title] = await accept(opened, title);
    expect(await opened.store.moveUp(ids['a3'] ?? '')).toBe(true);
    expect(await opened.store.hold(ids['b1'] ?? '', true)).toBe(true);
    await soon(() => titles(opened)).toEqual(['a3', 'b2', 'a1', 'a2', 'b1']);
    expect(opened.ear.told(ids['b1'] ?? '').at(-1)).toEqual({ type: 'held', held: true });
    const taken: string[] = [];
    working(opened, async (lease) => {
      taken.push(lease.id.split('-')[0] ?? '');
      await ends(lease);
    });
    await soon(() => taken).toEqual(['a3', 'b2', 'a1', 'a2']);
    await soon(() => titles(opened)).toEqual(['b1']);
    expect(await opened.store.hold(ids['b1'] ?? '', false)).toBe(true);
    await soon(() => taken.at(-1)).toBe('b1');
    await soon(() => opened.store.hold(ids['b1'] ?? '', true)).toBe(false);
    expect(await opened.store.moveUp(ids['b1'] ?? '')).toBe(false);
  });

  it('tell each event once and in its order, and know it all when they are opened again', async () => {
    const place = await fresh();
    const opened = await at(place);
    const id = await accept(opened, 'a1');
    const said: RunEvent[] = [{ type: 'started', at: 1 }, note('one'), point(1), point(2), note('two'), done];
    working(opened, async (lease) => {
      for (const event of said) await lease.append(event);
    });
    await soon(() => opened.ear.told(id)).toEqual([accepted('a1'), ...said]);
    await opened.store.close();
    const again = await at(place);
    expect(again.ear.told(id)).toEqual([accepted('a1'), ...said]);
  });

  it.runIf(kind === 'a Redis')('are known whole to who begins to follow them while they go on', async () => {
    const place = await fresh();
    const opened = await at(place);
    const id = await accept(opened, 'a1');
    const count = 400;
    working(opened, async (lease) => {
      for (let n = 0; n < count; n++) {
        await lease.append(point(n));
        if (n % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await lease.append(done);
    });
    await soon(() => opened.ear.told(id).length).toBeGreaterThan(20);
    const others = await Promise.all([at(place), at(place), at(place)]);
    for (const other of others)
      await soon(() => other.ear.told(id)).toEqual([
        accepted('a1'),
        ...Array.from({ length: count }, (_, n) => point(n)),
        done,
      ]);
  });

  it('pass on frames as they are, and forget them', async () => {
    const place = await fresh();
    const opened = await at(place);
    const id = await accept(opened, 'a1');
    const bytes = new Uint8Array([0, 255, 128, 10]);
    const frame: RunEvent = {
      type: 'told',
      event: { type: 'frame', step: 3, width: 2, height: 1, mime: 'image/webp', bytes },
    };
    working(opened, async (lease) => {
      await lease.append(frame);
      await lease.append(done);
    });
    await soon(() => opened.ear.told(id).length).toBe(3);
    // Of the moment: whether it comes before or after what is remembered is nothing to rely on.
    const told = opened.ear.told(id).find(({ type }) => type === 'told');
    expect(told).toMatchObject({ event: { step: 3, width: 2, mime: 'image/webp' } });
    expect(told?.type === 'told' && told.event.type === 'frame' && [...told.event.bytes]).toEqual([...bytes]);
    await opened.store.close();
    expect((await at(place)).ear.told(id)).toEqual([accepted('a1'), done]);
  });

  it('that wait are cancelled at once; those that are worked on are told to stop', async () => {
    const opened = await at(await fresh());
    const [ran, waits] = [await accept(opened, 'a1'), await accept(opened, 'a2')];
    const cancelled: RunEvent = { type: 'ended', at: 3, state: 'cancelled' };
    const reasons: unknown[] = [];
    working(opened, async (lease) => {
      await lease.append({ type: 'started', at: 1 });
      if (!lease.signal.aborted)
        await new Promise((resolve) => lease.signal.addEventListener('abort', resolve, { once: true }));
      reasons.push(lease.signal.reason);
      await lease.append(cancelled);
    });
    await soon(() => opened.ear.told(ran).length).toBe(2);
    await opened.store.cancel(waits, cancelled);
    await soon(() => opened.ear.told(waits)).toEqual([accepted('a2'), cancelled]);
    await opened.store.cancel(ran, cancelled);
    await soon(() => reasons).toEqual(['cancelled']);
    await soon(() => opened.ear.told(ran).at(-1)).toEqual(cancelled);
    await opened.store.cancel(ran, cancelled);
    expect(opened.ear.told(ran)).toHaveLength(3);
  });

  it('are steered where they are worked on, and the answer comes back', async () => {
    const opened = await at(await fresh());
    const id = await accept(opened, 'a1');
    expect(await opened.store.steer(id, { control: 'pause' })).toBe(false);
    const heard: unknown[] = [];
    let end: () => void = () => undefined;
    working(opened, async (lease) => {
      lease.listen(async (steer) => {
        heard.push(steer);
        if (steer.control === 'step') throw new Error('not so');
        return steer.control !== 'go';
      });
      await lease.append({ type: 'started', at: 1 });
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      lease.listen(undefined);
      await lease.append(done);
    });
    await soon(() => opened.ear.told(id).length).toBe(2);
    expect(await opened.store.steer(id, { control: 'pause', settings: { rate: 0.5 } })).toBe(true);
    expect(await opened.store.steer(id, { control: 'go' })).toBe(false);
    await expect(opened.store.steer(id, { control: 'step' })).rejects.toThrow('not so');
    expect(heard).toEqual([{ control: 'pause', settings: { rate: 0.5 } }, { control: 'go' }, { control: 'step' }]);
    end();
    await soon(() => opened.ear.told(id).at(-1)).toEqual(done);
    expect(await opened.store.steer(id, { control: 'pause' })).toBe(false);
  });

  it('keep states to go on from: the newest that is not later, those after a step back are gone', async () => {
    const opened = await at(await fresh());
    const id = await accept(opened, 'a1');
    const newest: unknown[] = [];
    let end: () => void = () => undefined;
    working(opened, async (lease) => {
      for (const step of [5, 10, 15]) await lease.keep(state(step), true);
      await lease.wentBack(12);
      newest.push((await lease.newest())?.checkpoint.step);
      await lease.keep(state(14, [{ step: 12, steer: { prompt: 'other' } }]), true);
      newest.push((await lease.newest())?.checkpoint.step);
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      await lease.append(done);
    });
    await soon(() => newest).toEqual([10, 14]);
    expect((await opened.store.state(id, 12))?.checkpoint.step).toBe(10);
    expect(await opened.store.state(id, 99)).toMatchObject(state(14, [{ step: 12, steer: { prompt: 'other' } }]));
    expect(await opened.store.state(id, 3)).toBeUndefined();
    end();
    await opened.store.forgetStates(id);
    expect(await opened.store.state(id, 99)).toBeUndefined();
  });

  it('that begin where another was begin with that state', async () => {
    const place = await fresh();
    const opened = await at(place);
    await opened.store.accept('branch', accepted('a1'), state(40, [{ step: 30, steer: { prompt: 'other' } }]));
    await opened.store.close();
    const again = await at(place);
    const found: unknown[] = [];
    working(again, async (lease) => {
      found.push(await lease.newest());
      await lease.append(done);
    });
    await soon(() => found).toMatchObject([state(40, [{ step: 30, steer: { prompt: 'other' } }])]);
  });

  it('that are worked on when that ends are taken first by the next, with all that happened', async () => {
    const opened = await at(await fresh());
    const [ran] = [await accept(opened, 'a1'), await accept(opened, 'b1')];
    const reasons: unknown[] = [];
    const first = working(opened, async (lease) => {
      await lease.append({ type: 'started', at: 1 });
      await lease.append(point(1));
      await lease.keep(state(1), false);
      if (!lease.signal.aborted)
        await new Promise((resolve) => lease.signal.addEventListener('abort', resolve, { once: true }));
      reasons.push(lease.signal.reason);
    });
    await soon(() => opened.ear.told(ran).length).toBe(3);
    await first.close();
    expect(reasons).toEqual(['closing']);
    if (kind === 'a file') return; // whoever opens it next: see remembered.test.ts
    const taken: unknown[] = [];
    working(opened, async (lease) => {
      taken.push([lease.id.split('-')[0], lease.events.length, (await lease.newest())?.checkpoint.step]);
      await ends(lease);
    });
    await soon(() => taken).toEqual([
      ['a1', 3, 1],
      ['b1', 1, undefined],
    ]);
  });

  it('are forgotten when that is asked, but not while they go on', async () => {
    const place = await fresh();
    const opened = await at(place);
    const id = await accept(opened, 'a1');
    working(opened, ends);
    await soon(() => opened.ear.told(id).at(-1)).toEqual(done);
    await opened.store.forget(id);
    await soon(() => opened.ear.runs.has(id)).toBe(false);
    await opened.store.close();
    expect((await at(place)).ear.runs.size).toBe(0);
  });
});
