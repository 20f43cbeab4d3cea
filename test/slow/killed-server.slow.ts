import type { ChildProcess } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { seeded } from '../../core/random.ts';
import type { Update } from '../../server/wire.ts';
import { descendants } from '../support/descendants.ts';
import { redisServer, useRedis } from '../support/redis.ts';
import { folder } from '../support/remembering.ts';
import { accepted, type Studio, studio, workerProcess } from '../support/studio.ts';
import { strangeModel } from '../support/with-models.ts';

const KILLS = 100;
/** Kinds of runs that are told apart by their seeds. */
const KINDS = 6;
const PATIENCE_MS = 120_000;
const random = seeded(16);
const flags = ['--model', strangeModel(), '--threads', '1'];
const drawing = (kind: number): object => ({
  prompt: 'a red heart -> a house',
  steps: 60 + 20 * kind,
  size: 64,
  crops: 2,
  count: 20,
  tries: 2,
  tidy: 0,
  seed: kind,
});
const outcomes: Record<string, number> = {};
const count = (what: string, by = 1): void => {
  outcomes[what] = (outcomes[what] ?? 0) + by;
};
afterAll(async () => {
  const table = process.env['LODESTONE_FUZZ_TABLE'];
  const row = {
    name: 'kill -9 of server, worker, model and plugin while runs go on, on a disk and in a Redis',
    cases: KILLS,
    outcomes,
  };
  if (table) await writeFile(join(table, 'killed-server.json'), JSON.stringify(row));
});

/** What is killed: one that works itself, or one beside workers that share a Redis. */
interface Place {
  readonly data: string;
  readonly redis?: string;
}
const serverOf = ({ data, redis }: Place): Promise<Studio> =>
  studio(data, redis === undefined ? flags : [...flags, '--redis', redis, '--no-work']);
const workers: ChildProcess[] = [];
const working = async ({ data, redis }: Place): Promise<void> => {
  if (redis !== undefined) workers.push(await workerProcess(data, redis, flags));
};

/** What is known of each run: the newest of every part. */
function known({ watcher }: Studio): Map<string, Update> {
  const all = new Map<string, Update>();
  for (const u of watcher.updates) all.set(u.job, { ...all.get(u.job), ...u });
  return all;
}
const isGoing = ({ state }: Update): boolean => state === 'waiting' || state === 'running';
const pictureOf = (data: string, update: Update | undefined): Promise<Buffer> =>
  readFile(join(data, 'gallery', update?.picture?.file ?? 'none'));
async function allEnded(one: Studio, ids: readonly string[]): Promise<Map<string, Update>> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const all = known(one);
    const left = ids.filter((id) => isGoing(all.get(id) ?? ({ state: 'waiting' } as Update)));
    if (left.length === 0) return all;
    if (performance.now() > until) throw new Error(`${left.length} runs have not ended`);
    await setTimeout(50);
  }
}
/** Whether some step of a run was told since this many updates; runs may all have ended. */
async function draws({ watcher }: Studio, since: number): Promise<boolean> {
  for (const until = performance.now() + 3000; performance.now() < until; await setTimeout(10))
    if (watcher.updates.slice(since).some((u) => u.state === 'running' && u.chart.length > 0)) return true;
  return false;
}

async function undisturbed(): Promise<Buffer[]> {
  const data = await folder();
  const one = await studio(data, flags);
  const ids: string[] = [];
  for (let kind = 0; kind < KINDS; kind++) ids.push(await accepted(one, drawing(kind)));
  const all = await allEnded(one, ids);
  one.child.kill('SIGTERM');
  return Promise.all(ids.map((id) => pictureOf(data, all.get(id))));
}

interface Accepted {
  readonly id: string;
  readonly kind: number;
}
/** Some wait while one runs. */
async function busy(one: Studio, runs: Accepted[]): Promise<void> {
  const all = known(one);
  const going = runs.filter(({ id }) => isGoing(all.get(id) ?? ({ state: 'waiting' } as Update))).length;
  for (let n = going; n < 3; n++) {
    const kind = runs.length % KINDS;
    runs.push({ id: await accepted(one, drawing(kind)), kind });
  }
}

/** Kills one of the processes; gives the studio that goes on, and nothing where there was no such process. */
async function killed(one: Studio, place: Place): Promise<Studio | undefined> {
  const chance = random();
  const split = place.redis !== undefined;
  if (chance < (split ? 0.2 : 0.4)) {
    one.child.kill('SIGKILL');
    one.socket.disconnect();
    const next = await serverOf(place);
    expect(next.said()).not.toContain('could not be read');
    count('killed: server');
    return next;
  }
  if (split && chance < 0.55) {
    const [worker] = workers.splice(Math.floor(random() * workers.length), 1);
    worker?.kill('SIGKILL');
    count('killed: worker');
    await working(place);
    return one;
  }
  const model = chance < (split ? 0.75 : 0.7);
  const command = model ? /core\/worker\/main/ : /core\/plugin\/runner/;
  const roots = split ? workers.map(({ pid = 0 }) => pid) : [one.pid];
  const [found] = roots.flatMap((pid) => descendants(pid)).filter((p) => command.test(p.command));
  if (!found) return undefined;
  process.kill(found.pid, 'SIGKILL');
  count(model ? 'killed: model' : 'killed: plugin');
  return one;
}

let straight: Promise<Buffer[]> | undefined;
const PLACES: Record<string, { readonly kills: number; readonly place: () => Promise<Place> }> = {
  'on its disk': { kills: KILLS / 2, place: async () => ({ data: await folder() }) },
  ...(redisServer
    ? {
        'in a Redis': {
          kills: KILLS / 2,
          place: async () => ({ data: await folder(), redis: (await useRedis()).url }),
        },
      }
    : {}),
};
describe.each(Object.entries(PLACES))(
  'a studio with its runs %s whose processes are killed all the time',
  (_where, { kills, place: made }) => {
    it('loses no run that it accepted, draws none twice, and draws what it would have drawn', async () => {
      straight ??= undisturbed();
      const right = await straight;
      const place = await made();
      let one = await serverOf(place);
      for (let n = 0; n < 2; n++) await working(place);
      const runs: Accepted[] = [];
      for (let [done, since] = [0, 0]; done < kills; ) {
        await busy(one, runs);
        if (!(await draws(one, since))) continue;
        await setTimeout(1200 * random());
        const next = await killed(one, place);
        if (!next) continue;
        since = next === one ? one.watcher.updates.length : 0;
        one = next;
        done += 1;
      }
      const all = await allEnded(
        one,
        runs.map(({ id }) => id),
      );
      expect(new Set(all.keys()).size).toBe(runs.length);
      for (const { id, kind } of runs) {
        const run = all.get(id);
        expect(run?.state, run?.error?.message).toBe('done');
        const picture = await pictureOf(place.data, run);
        expect(Buffer.compare(picture, right[kind] ?? Buffer.alloc(0)), `${id}, kind ${kind}`).toBe(0);
      }
      count('runs done, to the byte', runs.length);
      one.child.kill('SIGTERM');
    });
  },
);

describe.runIf(redisServer)('a worker that is cut off for 30 s', () => {
  it('finds its run taken over, and writes nothing more of it', async () => {
    const place = { data: await folder(), redis: (await useRedis()).url };
    const one = await serverOf(place);
    const first = await workerProcess(place.data, place.redis, flags);
    const kind = KINDS - 1;
    const id = await accepted(one, { ...drawing(kind), steps: 2000 });
    await expect.poll(() => draws(one, 0), { timeout: PATIENCE_MS }).toBe(true);
    first.kill('SIGSTOP');
    const second = await workerProcess(place.data, place.redis, flags);
    const cut = performance.now();
    await one.watcher.until((u) => u.job === id && u.notes.some((note) => note.startsWith('Interrupted')));
    count('seconds until a run was taken over', Math.round((performance.now() - cut) / 1000));
    const since = one.watcher.updates.length;
    await expect.poll(() => draws(one, since), { timeout: PATIENCE_MS }).toBe(true);
    await setTimeout(Math.max(0, 30_000 - (performance.now() - cut)));
    first.kill('SIGCONT');
    const done = await allEnded(one, [id]);
    expect(done.get(id)?.state).toBe('done');
    const told = one.watcher.of(id);
    expect(told.filter((u) => u.picture)).toHaveLength(1);
    expect(told.flatMap((u) => u.notes).filter((note) => note.startsWith('Interrupted'))).toHaveLength(1);
    const steps = told.flatMap(({ chart, chartFrom }) => chart.map(({ x }, i) => [chartFrom + i, x] as const));
    const points = [...new Map(steps).values()];
    expect(points).toEqual([...new Set(points)].sort((a, b) => a - b));
    for (const child of [first, second]) child.kill('SIGTERM');
  });
});
