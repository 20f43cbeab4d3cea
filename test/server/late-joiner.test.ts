import { EventEmitter } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { watch } from '../../server/http/watch.ts';
import type { Jobs } from '../../server/jobs.ts';
import type { Job } from '../../server/runs/job.ts';
import type { Update } from '../../server/wire.ts';
import { say, type TestServer, type TestSocket, useServer, Watcher } from '../support/server.ts';
import { talkativePlugin } from '../support/talkative-plugin.ts';

let server: TestServer;
let socket: TestSocket;
beforeAll(async () => {
  server = await useServer({ plugins: [await talkativePlugin()] });
  socket = server.connect();
});
const start = async (how: string, prompt = ''): Promise<string> => {
  const answer = await say(socket, 'start', { plugin: 'talkative', parameters: { how, prompt } });
  if (!answer.ok) throw new Error(answer.error.message);
  return (answer.value as { job: string }).job;
};
const answers = (job: string, question: string, choice: string) =>
  say(socket, 'steer', { job, answer: { question, choice } });

/** What somebody is told who joins when a run has ended, and how many letters that is. */
async function toldLate(job: string): Promise<{ update: Update; letters: number }> {
  const late = new Watcher(server.connect());
  const update = await late.until((u) => u.job === job);
  await setTimeout(300);
  const letters = late.of(job).reduce((sum, u) => sum + JSON.stringify(u).length, 0);
  return { update, letters };
}

describe('somebody who joins late', () => {
  it('is told kilobytes of a run that said megabytes, and of its title only the beginning', async () => {
    const watcher = new Watcher(socket);
    const job = await start('flood', 'x'.repeat(200_000));
    await watcher.until((u) => u.job === job && u.state === 'done');
    const { update, letters } = await toldLate(job);
    expect(letters).toBeLessThan(400_000);
    expect(update.title).toMatch(/^x{100,499}…$/);
    expect(update.picture?.title).toMatch(/^p{100,499}…$/);
    expect(update.progress?.label).toMatch(/^l{100,499}…$/);
    expect(update.notes.length).toBeGreaterThan(10);
    for (const note of update.notes) expect(note).toMatch(/^n{100,1999}…$/);
    expect(update.tables?.length).toBeGreaterThan(1);
    for (const { title } of update.tables ?? []) expect(title).toMatch(/^t{100,499}…$/);
    expect(update.tables?.[0]?.rows[0]).toEqual([expect.stringMatching(/^w{100,499}…$/), 0]);
  });
  it('is told the beginning of a long ranking', async () => {
    const watcher = new Watcher(socket);
    const job = await start('rank');
    await watcher.until((u) => u.job === job && u.state === 'done');
    const { update, letters } = await toldLate(job);
    expect(letters).toBeLessThan(400_000);
    const { title, columns, items } = update.ranking ?? { title: '', columns: [], items: [] };
    for (const text of [title, ...columns]) expect(text).toMatch(/^[rc]{100,499}…$/);
    expect(items.length).toBeGreaterThan(10);
    for (const [i, item] of items.entries())
      expect(item).toMatchObject({ score: i, values: [i], url: `/jobs/${job}/ranking/${i}` });
  });

  it('is not told of parameters that are too large: those start nothing', async () => {
    const before = server.jobs.list().length;
    const parameters = { how: 'ask', prompt: 'x'.repeat(257 * 1024) };
    expect(await say(socket, 'start', { plugin: 'talkative', parameters })).toMatchObject({
      ok: false,
      error: { code: 'MESSAGE_INVALID', message: expect.stringContaining('256 KiB') },
    });
    expect(server.jobs.list()).toHaveLength(before);
  });
});

describe('a question', () => {
  it('that is answered is gone for all who watch; one whose answer is refused stays', async () => {
    const watchers = [new Watcher(socket), new Watcher(server.connect())];
    const job = await start('ask');
    const asked = (id: string | undefined) =>
      Promise.all(watchers.map((w) => w.until((u) => w.of(job).at(-1) === u && u.question?.id === id)));
    await asked('first');
    expect(await answers(job, 'first', 'refuse me')).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('no answer') },
    });
    expect(server.jobs.get(job).question?.id).toBe('first');
    const late = await new Watcher(server.connect()).until((u) => u.job === job);
    expect(late.question).toMatchObject({ id: 'first', choices: ['yes', 'no'] });

    expect(await answers(job, 'first', 'yes')).toEqual({ ok: true, value: null });
    await asked('second');
    expect(await answers(job, 'second', 'no')).toEqual({ ok: true, value: null });
    await expect.poll(() => server.jobs.get(job).notes.at(-1), { timeout: 20_000 }).toBe('nothing more to ask');
    for (const watcher of watchers)
      await expect
        .poll(() => watcher.of(job).at(-1), { timeout: 20_000 })
        .toMatchObject({ state: 'running', question: null });
    await answers(job, 'none', 'end');
    for (const watcher of watchers) {
      const done = await watcher.until((u) => u.job === job && u.state === 'done');
      expect(done.question).toBeNull();
      expect(watcher.of(job).flatMap((u) => u.notes)).toEqual(['heard yes', 'heard no', 'nothing more to ask']);
    }
  });
  it('of a run that is cancelled is gone too, and can be answered no more', async () => {
    const watcher = new Watcher(server.connect());
    const job = await start('ask');
    await watcher.until((u) => u.job === job && u.question !== null);
    await say(socket, 'cancel', { job });
    expect((await watcher.until((u) => u.job === job && u.state === 'cancelled')).question).toBeNull();
    expect(await answers(job, 'first', 'yes')).toMatchObject({ ok: false, error: { code: 'NOT_STEERABLE' } });
  });
});

it('a drawing belongs to its own picture, and not to the next', async () => {
  const watcher = new Watcher(server.connect());
  const job = await start('draw');
  await watcher.until((u) => u.job === job && u.question !== null);
  const one = await watcher.until((u) => u.job === job && u.picture?.title === 'one');
  expect(one.picture?.svg).toMatch(/^\/gallery\/.*\.svg$/);
  expect((await fetch(new URL(one.picture?.svg ?? '', server.url))).headers.get('content-type')).toMatch(/svg/);
  await answers(job, 'first', 'yes');
  const two = await watcher.until((u) => u.job === job && u.picture?.title === 'two');
  expect(two.picture).toMatchObject({ title: 'two', file: expect.stringMatching(/-2\.png$/) });
  expect(two.picture).not.toHaveProperty('svg');
});

describe('a watcher of runs that all change all the time', () => {
  /** What of Jobs a watcher looks at. */
  class Busy extends EventEmitter {
    readonly all = ['newest', 'middle', 'oldest'].map(
      (id) =>
        ({
          id,
          plugin: { id: 'p' },
          title: id,
          state: 'running',
          revision: 0,
          parameters: {},
          chart: [],
          notes: [],
          kept: [],
          acceptedAt: 0,
          tables: [],
          files: [],
          marks: [],
          script: [],
        }) as unknown as Job,
    );
    list = (): Job[] => this.all;
    has = (): boolean => true;
  }
  const TURNS = 12;
  const toldBy = async (jobs: Busy, change: () => void): Promise<string[]> => {
    const told: string[] = [];
    await new Promise<void>((resolve, reject) => {
      watch(
        jobs as unknown as Jobs,
        '',
        async ({ job }) => {
          told.push(job);
          if (told.length < TURNS) change();
          else resolve();
          await setTimeout(1);
        },
        () => reject(new Error('the watcher was lost')),
      );
    });
    return told;
  };

  it('is told of each in its turn, the oldest too', async () => {
    const jobs = new Busy();
    const told = await toldBy(jobs, () => {
      for (const job of jobs.all) job.revision += 1;
      jobs.emit('changed', jobs.all[0]);
    });
    for (let turn = 0; turn + 3 <= TURNS; turn++)
      expect(new Set(told.slice(turn, turn + 3)), told.join(' ')).toEqual(new Set(['newest', 'middle', 'oldest']));
  });
  it('is told of the newest first', async () => {
    const jobs = new Busy();
    const told = await toldBy(jobs, () => {
      for (const job of jobs.all) job.revision += 1;
    });
    expect(told.slice(0, 3)).toEqual(['newest', 'middle', 'oldest']);
  });
  it('and that takes no more is given up once, and asked for nothing again', async () => {
    const jobs = new Busy();
    let [sent, lost] = [0, 0];
    watch(
      jobs as unknown as Jobs,
      '',
      () => {
        sent += 1;
        return Promise.reject(new Error('gone'));
      },
      () => {
        lost += 1;
      },
    );
    await setTimeout(10);
    jobs.emit('changed', jobs.all[0]);
    await setTimeout(10);
    expect([sent, lost]).toEqual([1, 1]);
  });
});
