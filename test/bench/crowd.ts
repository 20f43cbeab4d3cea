/** People who draw and people who watch, on servers and workers that share a Redis: how fair it is, how soon it answers, what it costs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { descendants } from '../support/descendants.ts';
import { freePort } from '../support/redis.ts';
import { opened, type Page, Sight } from './crowd-sight.ts';
import { withFolder } from './folders.ts';

export const REDIS = process.env['LODESTONE_REDIS'] ?? '/usr/bin/redis-server';
const bin = fileURLToPath(new URL('../../server/launch/bin.js', import.meta.url));
const WATCHERS = fileURLToPath(new URL('crowd-watchers.ts', import.meta.url));
const DRAWING = { prompt: 'a red heart', steps: 24, size: 128, crops: 2, count: 40, tries: 1, tidy: 0, apart: false };
const PROBE_MS = 100;
const LAG_MS = 5;
/** Ticks of a processor's clock in a second, as Linux counts them in /proc. */
const TICKS = 100;

export const redisIn = (folder: string, port: number): ChildProcess =>
  spawn(REDIS, ['--port', String(port), '--dir', folder, '--save', '', '--appendonly', 'yes'], { stdio: 'ignore' });

interface Crowd {
  readonly servers: number;
  readonly workers: number;
  readonly people: number;
  /** Of each person. */
  readonly runs: number;
  readonly watchers: number;
}

export function benchCrowd(crowd: Crowd): Promise<Record<string, number>> {
  return withFolder(async (folder) => {
    const port = await freePort();
    const url = `redis://127.0.0.1:${port}`;
    const children: ChildProcess[] = [];
    const pages: Page[] = [];
    children.push(redisIn(folder, port));
    const lodestone = async (...args: string[]): Promise<string> => {
      const flags = ['--redis', url, '--data', join(folder, 'data'), '--threads', '1', '--json'];
      const child = spawn(process.execPath, [bin, ...args, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(child);
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      return (JSON.parse(line.toString()) as { url?: string }).url ?? '';
    };
    const redis = new Redis(url, { maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    try {
      await redis.ping();
      const addresses: string[] = [];
      for (let n = 0; n < crowd.servers; n++) addresses.push(await lodestone('start', '--no-work', '--port', '0'));
      for (let n = 0; n < crowd.workers; n++) await lodestone('worker');
      const before = { memory: await memoryOf(redis), time: performance.now() };
      const drawn = await drawAndWatch(crowd, addresses, pages, children);
      const seconds = (performance.now() - before.time) / 1000;
      const runs = crowd.people * crowd.runs;
      const programs = children.slice(1, 1 + crowd.servers + crowd.workers);
      const works = programs.slice(crowd.servers).map(({ pid = 0 }) => timeOf(pid));
      const serves = programs.slice(0, crowd.servers).map(({ pid = 0 }) => timeOf(pid));
      const gallery = join(folder, 'data', 'gallery');
      const pictures = readdirSync(gallery).reduce((all, name) => all + statSync(join(gallery, name)).size, 0);
      const name = `crowd_${crowd.servers}_${crowd.workers}`;
      return {
        [`${name}_runs_per_minute`]: (60 * runs) / seconds,
        ...prefixed(name, drawn),
        [`${name}_worker_cpu_s_per_run`]: sum(works) / runs,
        [`${name}_server_cpu_ms_per_watcher_and_run`]: (1000 * sum(serves)) / (crowd.watchers * runs),
        [`${name}_redis_kb_per_run`]: ((await memoryOf(redis)) - before.memory) / 1000 / runs,
        [`${name}_gallery_kb_per_run`]: pictures / 1000 / runs,
      };
    } finally {
      redis.disconnect();
      for (const page of pages) page.disconnect();
      for (const child of children.toReversed()) {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }
    }
  });
}

/** Moves a run that waits and steers one that is worked on, all the time, and measures how soon that is answered. */
class Probes {
  readonly moved: number[] = [];
  readonly steered: number[] = [];
  private held: string | undefined;

  async move(job: string | undefined, page: Page | undefined): Promise<void> {
    if (job === undefined || !page) return;
    const how = this.held === job ? 'release' : 'hold';
    this.held = how === 'hold' ? job : undefined;
    await timed(this.moved, () => page.emitWithAck('move', { job, how }));
  }
  async steer(job: string | undefined, page: Page | undefined): Promise<void> {
    if (job !== undefined && page)
      await timed(this.steered, () => page.emitWithAck('steer', { job, settings: { rate: 1 } }));
  }
}

/** Draws all of it, and gives what people and watchers saw. */
async function drawAndWatch(
  { people, runs, watchers }: Crowd,
  addresses: readonly string[],
  pages: Page[],
  children: ChildProcess[],
): Promise<Record<string, number>> {
  const watching = spawn(process.execPath, [...process.execArgv, WATCHERS, String(watchers), ...addresses], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(watching);
  let seen = { seenByAll: 0, kilobytesEach: 0 };
  const lines = createInterface(watching.stdout);
  lines.on('line', (line) => {
    seen = JSON.parse(line) as typeof seen; // as crowd-watchers.ts says it
  });
  await once(lines, 'line');
  const sight = new Sight();
  const own: Page[] = [];
  for (let person = 0; person < people; person++) own.push(await opened(addresses[person % addresses.length] ?? ''));
  pages.push(...own);
  for (const page of own) sight.watch(page);
  const asked: { readonly job: string; readonly at: number; readonly person: number }[] = [];
  for (let n = 0; n < runs * people; n++) {
    const person = n % people;
    const answer = await own[person]?.emitWithAck('start', { plugin: 'guide', parameters: { ...DRAWING, seed: n } });
    if (!answer?.ok) throw new Error(answer?.error.message);
    asked.push({ job: answer.value.job, at: performance.now(), person });
  }
  const probes = new Probes();
  const lag = monitorEventLoopDelay({ resolution: LAG_MS });
  lag.enable();
  for (const address of addresses) await lagOf(address);
  for (; Math.min(sight.seenByAll, seen.seenByAll) < asked.length; await setTimeout(PROBE_MS)) {
    const waiting = asked.filter(({ job }) => !sight.started.has(job)).at(-1);
    await probes.move(waiting?.job, own[waiting?.person ?? 0]);
    const drawn = asked.find(({ job }) => job === sight.running);
    await probes.steer(drawn?.job, own[drawn?.person ?? 0]);
  }
  const waited = ({ job, at }: (typeof asked)[number]): number => ((sight.started.get(job) ?? 0) - at) / 1000;
  const waits = asked.map(waited);
  const byPerson = own.map((_page, person) => sum(asked.filter((one) => one.person === person).map(waited)));
  return {
    runs_seen_by_all: Math.min(sight.seenByAll, seen.seenByAll),
    longest_wait_s: Math.max(...waits),
    longest_wait_over_median: Math.max(...waits) / quantile(waits, 0.5),
    people_longest_over_median: Math.max(...byPerson) / quantile(byPerson, 0.5),
    move_p50_ms: quantile(probes.moved, 0.5),
    move_p99_ms: quantile(probes.moved, 0.99),
    steer_p50_ms: quantile(probes.steered, 0.5),
    steer_p99_ms: quantile(probes.steered, 0.99),
    server_lag_p99_ms: Math.max(...(await Promise.all(addresses.map(lagOf)))),
    pages_lag_p99_ms: lag.percentile(99) / 1e6 - LAG_MS,
    kb_per_watcher_and_run: seen.kilobytesEach / asked.length,
  };
}

/** How late a server's event loop was since that was asked last, milliseconds. */
async function lagOf(address: string): Promise<number> {
  const answer = (await (await fetch(new URL('/health', address))).json()) as {
    readonly lag: { readonly p99: number };
  };
  return answer.lag.p99;
}

/** One that is refused, since the run has begun or ended meanwhile, is not counted. */
async function timed(times: number[], work: () => Promise<{ readonly ok: boolean }>): Promise<void> {
  const began = performance.now();
  if ((await work()).ok) times.push(performance.now() - began);
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
};
const prefixed = (name: string, figures: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(figures).map(([key, value]) => [`${name}_${key}`, value]));

async function memoryOf(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1] ?? 0);
}

/** Processor time of a process and those below it, with those of it that have ended, in seconds. */
function timeOf(pid: number): number {
  const of = (id: number): number => {
    try {
      const text = readFileSync(`/proc/${id}/stat`, 'utf8');
      // After the name, which may hold anything: the 14th to 17th field are times of its own and of its ended children.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return sum(fields.slice(11, 15).map(Number)) / TICKS;
    } catch {
      return 0;
    }
  };
  return of(pid) + sum(descendants(pid).map(({ pid: below }) => of(below)));
}
