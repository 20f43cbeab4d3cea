import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { libsql } from '../../core/native.ts';
import { textOf } from '../../core/png-text.ts';
import type { Job } from '../../server/runs/job.ts';
import { type RunningServer, startServer } from '../../server/server.ts';
import { atEnd } from '../support/ending.ts';
import { temporaryFolder } from '../support/pictures.ts';
import { strangeModel } from '../support/with-models.ts';

const model = strangeModel();
/** A server on these data; closed at the latest when the test file ends. */
async function on(data: string): Promise<RunningServer> {
  const server = await startServer({
    port: 0,
    data,
    logger: pino({ level: 'silent' }),
    engine: { threads: 1, model },
  });
  atEnd(() => server.close());
  return server;
}
async function folder(): Promise<string> {
  const made = await temporaryFolder();
  atEnd(() => rm(made, { recursive: true, force: true }));
  return made;
}

const drawing = { prompt: 'a red circle', steps: 48, size: 64, crops: 2, tries: 2, seed: 3, count: 20, tidy: 0 };
const start = async ({ jobs }: RunningServer, parameters: object = drawing, id = 'guide'): Promise<Job> => {
  const { plugin, granted } = await jobs.plugin(id);
  return jobs.start(plugin, { ...parameters }, { granted });
};
const PATIENCE_MS = 60_000;
const until = (job: () => Job | undefined, fits: (job: Job) => boolean): Promise<void> =>
  expect.poll(() => fits(job() as Job), { timeout: PATIENCE_MS, interval: 10 }).toBe(true);
const ended = async ({ jobs }: RunningServer, id: string): Promise<Job> => {
  await until(
    () => jobs.get(id),
    ({ state }) => state !== 'waiting' && state !== 'running',
  );
  return jobs.get(id);
};
const pictureOf = (data: string, { picture }: Job): Promise<Buffer> =>
  readFile(join(data, 'gallery', picture?.file ?? 'none'));
const scriptOf = (png: Buffer): unknown =>
  z.object({ script: z.unknown() }).parse(JSON.parse(textOf(png, 'lodestone') ?? '{}')).script;
/** The picture of a run that nothing happened to, drawn once. */
let straight: Promise<Buffer> | undefined;
async function drawnStraight(): Promise<Buffer> {
  const data = await folder();
  const server = await on(data);
  const job = await ended(server, (await start(server)).id);
  await server.close();
  return pictureOf(data, job);
}
function undisturbed(): Promise<Buffer> {
  straight ??= drawnStraight();
  return straight;
}

describe('a server that is closed and started again', () => {
  it('goes on with what ran, from its last state, to the same bytes; what waited waits in its place', async () => {
    const data = await folder();
    const first = await on(data);
    const ran = await start(first);
    const waited = [
      await start(first, { ...drawing, seed: 4, steps: 12 }),
      await start(first, { ...drawing, steps: 11 }),
    ];
    await until(
      () => first.jobs.get(ran.id),
      ({ chart }) => (chart.at(-1)?.x ?? 0) >= 30,
    );
    await first.close();
    const { chart } = first.jobs.get(ran.id);

    const second = await on(data);
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

    const third = await on(data);
    expect(third.jobs.list().map(({ state }) => state)).toEqual(['done', 'done', 'done']);
    expect(third.jobs.get(ran.id)).toMatchObject({ picture: done.picture, chart: done.chart, notes: done.notes });
  });
  it('keeps what somebody changed, at the step at which it was', async () => {
    const data = await folder();
    const first = await on(data);
    const { id } = await start(first);
    await until(
      () => first.jobs.get(id),
      ({ chart }) => (chart.at(-1)?.x ?? 0) >= 25,
    );
    await first.jobs.steer(id, { prompt: 'a green square' });
    await until(
      () => first.jobs.get(id),
      ({ checkpoints }) => (checkpoints.at(-1)?.script.length ?? 0) > 0,
    );
    await first.close();
    const second = await on(data);
    const png = await pictureOf(data, await ended(second, id));
    const script = scriptOf(png);
    expect(script).toEqual([{ step: expect.any(Number), steer: { prompt: 'a green square' } }]);
  });
  it('holds what was held', async () => {
    const data = await folder();
    const first = await on(data);
    const { id } = await start(first);
    await until(
      () => first.jobs.get(id),
      ({ chart }) => (chart.at(-1)?.x ?? 0) >= 20,
    );
    await first.jobs.steer(id, { control: 'pause' });
    await until(
      () => first.jobs.get(id),
      ({ paused }) => paused,
    );
    await first.close();
    const second = await on(data);
    await until(
      () => second.jobs.get(id),
      ({ state, paused }) => state === 'running' && paused,
    );
    await second.jobs.steer(id, { control: 'go' });
    const png = await pictureOf(data, await ended(second, id));
    expect(Buffer.compare(png, await undisturbed())).toBe(0);
  });
  it('begins again what keeps no states, and leaves alone what was cancelled', async () => {
    const data = await folder();
    const first = await on(data);
    const batch = await start(first, { ...drawing, steps: 30, batch: 2 });
    const unwanted = await start(first);
    first.jobs.cancel(unwanted.id);
    await until(
      () => first.jobs.get(batch.id),
      ({ pictures }) => pictures === 1,
    );
    await first.close();
    const second = await on(data);
    const done = await ended(second, batch.id);
    expect(done).toMatchObject({ state: 'done', pictures: 3, takenUpAt: -1 });
    expect(second.jobs.get(unwanted.id).state).toBe('cancelled');
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
