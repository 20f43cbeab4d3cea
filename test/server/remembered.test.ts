import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { libsql } from '../../core/native.ts';
import type { Job } from '../../server/runs/job.ts';
import type { ServerOptions } from '../../server/server.ts';
import { redisServer, useRedis } from '../support/redis.ts';
import {
  drawing,
  drawnTo,
  ended,
  folder,
  on,
  pictureOf,
  scriptOf,
  start,
  undisturbed,
  until,
} from '../support/remembering.ts';

/** Each store is to do the same. */
const STORES = {
  'on its disk': async (): Promise<Partial<ServerOptions>> => ({}),
  ...(redisServer
    ? { 'in a Redis': async (): Promise<Partial<ServerOptions>> => ({ redis: (await useRedis()).url }) }
    : {}),
};

describe.each(Object.entries(STORES))('a server with its runs %s that is closed and started again', (_where, store) => {
  it('goes on with what ran, from its last state, to the same bytes; what waited waits in its place', async () => {
    const data = await folder();
    const options = await store();
    const first = await on(data, options);
    const ran = await start(first);
    const waited = [
      await start(first, { ...drawing, seed: 4, steps: 12 }),
      await start(first, { ...drawing, steps: 11 }),
    ];
    await drawnTo(first, ran.id, 30);
    await first.close();
    const { chart } = first.jobs.get(ran.id);

    const second = await on(data, options);
    expect(second.jobs.list().map(({ id, title }) => [id, title])).toEqual(
      [ran, ...waited].reverse().map(({ id, title }) => [id, title]),
    );
    const done = await ended(second, ran.id);
    expect(done).toMatchObject({ state: 'done', pictures: 1, takenUpAt: expect.any(Number) });
    expect(done.takenUpAt).toBeGreaterThan(0);
    expect(done.notes.join(' ')).toMatch(/Interrupted; going on from step \d+\./);
    expect(done.chart.map(({ x }) => x)).toEqual([...new Set(done.chart.map(({ x }) => x))].sort((a, b) => a - b));
    const kept = (points: Job['chart']) => points.filter(({ x }) => x <= (done.takenUpAt ?? 0));
    expect(kept(done.chart)).toEqual(kept(chart));
    expect(kept(chart).length).toBeGreaterThan(0);
    expect(Buffer.compare(await pictureOf(data, done), await undisturbed())).toBe(0);
    const order: string[] = [];
    for (const { id } of waited) order.push((await ended(second, id)).state);
    expect(order).toEqual(['done', 'done']);
    await second.close();

    const third = await on(data, options);
    expect(third.jobs.list().map(({ state }) => state)).toEqual(['done', 'done', 'done']);
    expect(third.jobs.get(ran.id)).toMatchObject({ picture: done.picture, chart: done.chart, notes: done.notes });
  });
  it('keeps what somebody changed, at the step at which it was', async () => {
    const data = await folder();
    const options = await store();
    const first = await on(data, options);
    const { id } = await start(first, { ...drawing, steps: 160 });
    await drawnTo(first, id, 25);
    await first.jobs.steer(id, { prompt: 'a green square' });
    // States of before it may still be on their way.
    await until(
      () => first.jobs.get(id),
      ({ chart, kept }) => {
        const changed = chart.find(({ series }) => Object.keys(series).some((name) => name.includes('a green square')));
        return changed !== undefined && (kept.at(-1) ?? 0) >= changed.x;
      },
    );
    await first.close();
    const second = await on(data, options);
    const png = await pictureOf(data, await ended(second, id));
    const script = scriptOf(png);
    expect(script).toEqual([{ step: expect.any(Number), steer: { prompt: 'a green square' } }]);
  });
});

describe('a place where nothing can be written any more', () => {
  it('refuses new runs with what to do, and lets those that run go on', async () => {
    const data = await folder();
    const server = await on(data);
    const { id } = await start(server);
    const other = new (libsql())(join(data, 'runs.sqlite'));
    other.exec(
      "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
    );
    other.close();
    await expect(start(server)).rejects.toMatchObject({
      code: 'JOURNAL_FAILED',
      message: expect.stringMatching(/disk is full.*Make room/),
    });
    const done = await ended(server, id);
    expect(done).toMatchObject({ state: 'done', pictures: 1 });
    expect(server.jobs.list()).toHaveLength(1);
  });
});
