/** Servers and workers that share a Redis and a data folder. */
import { pino } from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../server/server.ts';
import { type RunningWorker, startWorker } from '../../server/work/alone.ts';
import { atEnd } from '../support/ending.ts';
import { redisServer, type TestRedis, useRedis } from '../support/redis.ts';
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
import { strangeModel } from '../support/with-models.ts';

let redis: TestRedis;
let data: string;
let servers: readonly [RunningServer, RunningServer];
const logger = pino({ level: 'silent' });
const worker = async (): Promise<RunningWorker> => {
  const made = await startWorker({ redis: redis.url, data, logger, engine: { threads: 1, model: strangeModel() } });
  atEnd(() => made.close());
  return made;
};
beforeAll(async () => {
  if (!redisServer) return;
  redis = await useRedis();
  data = await folder();
  const serving = { redis: redis.url, works: false };
  servers = [await on(data, serving), await on(data, serving)];
});

describe.runIf(redisServer)('a run', () => {
  it('that one server accepted is seen on another as it grows, steered from there, and worked on by a worker', async () => {
    const [one, other] = servers;
    const { id } = await start(one, { ...drawing, steps: 400 });
    await until(
      () => (other.jobs.has(id) ? other.jobs.get(id) : undefined),
      (job) => job?.place === 1,
    );
    const first = await worker();
    await drawnTo(other, id, 20);
    await until(
      () => other.jobs.get(id),
      ({ frame }) => (frame?.bytes.byteLength ?? 0) > 0,
    );
    await other.jobs.steer(id, { prompt: 'a green square' });
    await other.jobs.steer(id, { control: 'finish' });
    const [seen, there] = [await ended(one, id), await ended(other, id)];
    for (const job of [seen, there]) expect(job).toMatchObject({ state: 'done', pictures: 1 });
    expect(there.chart).toEqual(seen.chart);
    expect(scriptOf(await pictureOf(data, seen))).toEqual([
      { step: expect.any(Number), steer: { prompt: 'a green square' } },
      { step: expect.any(Number), steer: { control: 'finish' } },
    ]);
    await first.close();
  });

  it('that a worker hands back goes on with the next, to the same bytes', async () => {
    const [one, other] = servers;
    const first = await worker();
    const { id } = await start(one);
    await drawnTo(other, id, 25);
    await first.close();
    await until(
      () => other.jobs.get(id),
      ({ state }) => state === 'running',
    );
    const second = await worker();
    const job = await ended(other, id);
    expect(job.takenUpAt).toBeGreaterThanOrEqual(20);
    expect(job.notes.join(' ')).toMatch(/Interrupted; going on from step \d+\./);
    expect(Buffer.compare(await pictureOf(data, job), await undisturbed())).toBe(0);
    await second.close();
  });

  it('goes on when its Redis ended and was started again, to the same bytes; what is asked meanwhile is refused with what to do', async () => {
    const [one, other] = servers;
    const working = await worker();
    const { id } = await start(one);
    await drawnTo(other, id, 15);
    await redis.kill();
    await expect(start(one)).rejects.toMatchObject({
      code: 'STORE_LOST',
      message: expect.stringContaining('Redis at 127.0.0.1'),
    });
    await redis.start();
    const jobs = [await ended(one, id), await ended(other, id)];
    for (const job of jobs) expect(job).toMatchObject({ state: 'done', pictures: 1 });
    expect(jobs[0]?.chart).toEqual(jobs[1]?.chart);
    expect(Buffer.compare(await pictureOf(data, jobs[0] as never), await undisturbed())).toBe(0);
    await working.close();
  });

  it('begins where another was, on whichever server that is asked', async () => {
    const [one, other] = servers;
    const working = await worker();
    const { id } = await start(one);
    await ended(other, id);
    const branch = await other.jobs.branch(id, 48, { prompt: 'a green square' });
    const job = await ended(one, branch.id);
    expect(job).toMatchObject({ state: 'done', title: expect.stringMatching(/^a green square, from step \d+$/) });
    await working.close();
  });

  it('lets servers and workers end that cannot reach their Redis any more', async () => {
    const gone = await useRedis();
    const place = await folder();
    const server = await on(place, { redis: gone.url, works: false });
    const lonely = await startWorker({
      redis: gone.url,
      data: place,
      logger,
      engine: { threads: 1, model: strangeModel() },
    });
    await gone.kill();
    const began = performance.now();
    await Promise.all([server.close(), lonely.close()]);
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it('shares a data folder with others of its Redis, and with nobody who has none', async () => {
    const alone = { port: 0, data, logger, engine: { threads: 1, model: strangeModel() } };
    await expect(startServer(alone)).rejects.toMatchObject({ code: 'DATA_IN_USE' });
    const other = await folder();
    const server = await on(other);
    await expect(on(other, { redis: redis.url, works: false })).rejects.toMatchObject({ code: 'DATA_IN_USE' });
    await server.close();
  });
});
