import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { seeded } from '../../core/random.ts';
import type { Update } from '../../server/wire.ts';
import { descendants } from '../support/descendants.ts';
import { temporaryFolder } from '../support/pictures.ts';
import { accepted, type Studio, studio } from '../support/studio.ts';
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
  const row = { name: 'kill -9 of server, model and plugin while runs go on', cases: KILLS, outcomes };
  if (table) await writeFile(join(table, 'killed-server.json'), JSON.stringify(row));
});

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
/** A run draws: some step of it was told since this many updates. */
async function draws(one: Studio, since: number): Promise<void> {
  await one.watcher.until(
    (u) => one.watcher.updates.indexOf(u) >= since && u.state === 'running' && u.chart.length > 0,
  );
}

async function undisturbed(): Promise<Buffer[]> {
  const data = await temporaryFolder();
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

/** Kills one of a studio's processes, or all of it; gives the studio that goes on, and nothing where there was no such process. */
async function killed(one: Studio, data: string): Promise<Studio | undefined> {
  const chance = random();
  if (chance < 0.4) {
    one.child.kill('SIGKILL');
    one.socket.disconnect();
    const next = await studio(data, flags);
    expect(next.said()).not.toContain('could not be read');
    count('killed: server');
    return next;
  }
  const model = chance < 0.7;
  const command = model ? /core\/worker\/main/ : /core\/plugin\/runner/;
  const [found] = descendants(one.pid).filter((p) => command.test(p.command));
  if (!found) return undefined;
  process.kill(found.pid, 'SIGKILL');
  count(model ? 'killed: model' : 'killed: plugin');
  return one;
}

describe('a studio whose processes are killed all the time', () => {
  it('loses no run that it accepted, draws none twice, and draws what it would have drawn', async () => {
    const straight = await undisturbed();
    const data = await temporaryFolder();
    let one = await studio(data, flags);
    const runs: Accepted[] = [];
    for (let [kills, since] = [0, 0]; kills < KILLS; ) {
      await busy(one, runs);
      await draws(one, since);
      await setTimeout(1200 * random());
      const next = await killed(one, data);
      if (!next) continue;
      since = next === one ? one.watcher.updates.length : 0;
      one = next;
      kills += 1;
    }
    const all = await allEnded(
      one,
      runs.map(({ id }) => id),
    );
    expect(new Set(all.keys()).size).toBe(runs.length);
    for (const { id, kind } of runs) {
      const run = all.get(id);
      expect(run?.state, run?.error?.message).toBe('done');
      const picture = await pictureOf(data, run);
      expect(Buffer.compare(picture, straight[kind] ?? Buffer.alloc(0)), `${id}, kind ${kind}`).toBe(0);
    }
    count('runs done, to the byte', runs.length);
  });
});
