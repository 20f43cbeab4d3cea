/** What it costs that runs are remembered: the same run over a journal on the disk and over one that keeps nothing. */
import { join } from 'node:path';
import { EMBEDDED, Engine, type Journal, loadRegistry, openJournal } from '../../core/index.ts';
import { Jobs } from '../../server/jobs.ts';
import { RunMemory } from '../../server/runs/memory.ts';
import { withFolder } from './folders.ts';
import { inTurn } from './measure.ts';
import { servicesOf } from './plugins.ts';

const NOWHERE: Journal = {
  keys: () => [],
  entries: () => [],
  append: () => undefined,
  keep: () => undefined,
  blobs: () => [],
  blob: () => undefined,
  drop: () => undefined,
  remove: () => undefined,
  close: () => undefined,
};

export function benchDurability(steps: number, rounds: number): Promise<Record<string, number>> {
  return withFolder(async (folder) => {
    const engine = new Engine({ model: EMBEDDED });
    const registry = await loadRegistry();
    const jobsOver = (journal: Journal): Jobs =>
      new Jobs(
        {
          ...servicesOf(engine, folder),
          keep: async () => 'picture',
          keepFile: async () => 'file',
          plugin: async (id) => ({ plugin: registry.find(id), granted: [] }),
        },
        new RunMemory(journal, () => undefined),
      );
    const run = (jobs: Jobs) => async (): Promise<void> => {
      const parameters = { prompt: 'a red heart', steps, size: 128, tries: 1 };
      const { id } = jobs.start(registry.find('guide'), parameters);
      await new Promise<void>((resolve) => {
        const look = (job: { readonly id: string; readonly state: string }): void => {
          if (job.id !== id || job.state === 'waiting' || job.state === 'running') return;
          jobs.off('changed', look);
          resolve();
        };
        jobs.on('changed', look);
      });
    };
    const [kept, forgotten] = [jobsOver(openJournal(join(folder, 'runs.sqlite'), () => undefined)), jobsOver(NOWHERE)];
    try {
      const [remembered = 0, passing = 0] = await inTurn(rounds, run(kept), run(forgotten));
      return {
        remembered_run_ms: remembered,
        forgotten_run_ms: passing,
        remembered_over_forgotten: remembered / passing,
      };
    } finally {
      await kept.close();
      await forgotten.close();
      await engine.close();
    }
  });
}
