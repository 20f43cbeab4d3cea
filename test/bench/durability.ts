/** What it costs that runs are remembered: the same run over a journal on the disk and over one that keeps nothing. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { EMBEDDED, Engine, type Journal, loadRegistry, openJournal } from '../../core/index.ts';
import { Jobs } from '../../server/jobs.ts';
import { openRedisRuns } from '../../server/redis/runs.ts';
import { EmbeddedRuns } from '../../server/runs/embedded.ts';
import type { RunStore } from '../../server/runs/store.ts';
import { startWork } from '../../server/work/worker.ts';
import { answers, freePort } from '../support/redis.ts';
import { REDIS, redisIn } from './crowd.ts';
import { withFolder } from './folders.ts';
import { inTurn } from './measure.ts';
import { servicesOf } from './plugins.ts';

const silent = pino({ level: 'silent' });

/** Keeps in memory what is asked for again, and nothing else. */
function nowhere(): Journal {
  const kept = new Map<string, string[]>();
  return {
    keys: () => [],
    entries: (key) => kept.get(key) ?? [],
    append: (key, entries) => void kept.set(key, [...(kept.get(key) ?? []), ...entries]),
    keep: () => undefined,
    blobs: () => [],
    blob: () => undefined,
    drop: () => undefined,
    remove: (key) => void kept.delete(key),
    close: () => undefined,
  };
}

export function benchDurability(steps: number, rounds: number): Promise<Record<string, number>> {
  return withFolder(async (folder) => {
    const engine = new Engine({ model: EMBEDDED });
    const registry = await loadRegistry();
    const jobsOver = async (store: RunStore) => {
      const plugin = async (id: string) => ({ plugin: registry.find(id), granted: [] });
      const jobs = new Jobs(store, plugin);
      await jobs.open();
      const working = startWork(store, {
        ...servicesOf(engine, folder),
        keep: async () => ({ file: 'picture', sha256: '' }),
        keepFile: async () => ({ file: 'file', sha256: '' }),
        plugin,
      });
      const close = async (): Promise<void> => {
        await working.close();
        await store.close();
      };
      return { jobs, close };
    };
    const run = (jobs: Jobs) => async (): Promise<void> => {
      const parameters = { prompt: 'a red heart', steps, size: 128, tries: 1 };
      const { id } = await jobs.start(registry.find('guide'), parameters);
      await new Promise<void>((resolve) => {
        const look = (job: { readonly id: string; readonly state: string }): void => {
          if (job.id !== id || job.state === 'waiting' || job.state === 'running') return;
          jobs.off('changed', look);
          resolve();
        };
        jobs.on('changed', look);
      });
    };
    const inFile = (journal: Journal): RunStore => new EmbeddedRuns(journal, () => undefined);
    const [kept, forgotten] = [
      await jobsOver(inFile(openJournal(join(folder, 'runs.sqlite'), () => undefined))),
      await jobsOver(inFile(nowhere())),
    ];
    const port = existsSync(REDIS) ? await freePort() : undefined;
    const redis = port === undefined ? undefined : redisIn(folder, port);
    if (port !== undefined) await answers(`redis://127.0.0.1:${port}`);
    const far =
      port === undefined ? undefined : await jobsOver(await openRedisRuns(`redis://127.0.0.1:${port}`, silent));
    try {
      const all = [kept, forgotten, ...(far ? [far] : [])];
      const [remembered = 0, passing = 0, inRedis] = await inTurn(rounds, ...all.map(({ jobs }) => run(jobs)));
      return {
        remembered_run_ms: remembered,
        forgotten_run_ms: passing,
        remembered_over_forgotten: remembered / passing,
        ...(inRedis === undefined ? {} : { in_redis_run_ms: inRedis, in_redis_over_forgotten: inRedis / passing }),
      };
    } finally {
      await far?.close();
      redis?.kill();
      await kept.close();
      await forgotten.close();
      await engine.close();
    }
  });
}
