/** What a server can be watched by, in the form of Prometheus: the queue, runs and their steps, watchers, and the process itself. Every server tells of all runs, whoever works on them. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Jobs } from './jobs.ts';
import { LANES, type RunEvent } from './runs/events.ts';
import type { Job } from './runs/job.ts';

/** Bounds in seconds: of what is soon, and of what takes minutes. */
const SECONDS = [0.5, 1, 2, 5, 10, 20, 60, 120, 300, 900, 3600];

export class Metrics {
  private readonly registry = new Registry();

  constructor(jobs: Jobs, watchers: () => number) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    const byState = (name: string, help: string, state: Job['state']): void => {
      new Gauge({
        name,
        help,
        registers,
        labelNames: ['lane'],
        collect() {
          for (const lane of LANES)
            this.set({ lane }, jobs.list().filter((job) => job.state === state && job.lane === lane).length);
        },
      });
    };
    byState('lodestone_runs_waiting', 'Runs that wait for somebody to work on them.', 'waiting');
    byState('lodestone_runs_running', 'Runs that are worked on.', 'running');
    new Gauge({
      name: 'lodestone_watchers',
      help: 'Pages that are connected to this server.',
      registers,
      collect() {
        this.set(watchers());
      },
    });
    const labelNames = ['lane'];
    const waited = new Histogram({
      name: 'lodestone_run_wait_seconds',
      help: 'From being accepted to being begun.',
      buckets: SECONDS,
      registers,
      labelNames,
    });
    const took = new Histogram({
      name: 'lodestone_run_seconds',
      help: 'From being begun to the end, of runs that were done in one go.',
      buckets: SECONDS,
      registers,
      labelNames: ['plugin'],
    });
    const ended = new Counter({
      name: 'lodestone_runs_ended_total',
      help: 'Runs by how they ended.',
      registers,
      labelNames: ['state'],
    });
    const interrupted = new Counter({
      name: 'lodestone_runs_interrupted_total',
      help: 'Times that a run was taken up again, because a process ended under it.',
      registers,
    });
    const steps = new Counter({ name: 'lodestone_steps_total', help: 'Steps of guided runs.', registers });
    jobs.on('happened', (job: Job, event: RunEvent) => {
      const { acceptedAt, startedAt, endedAt, takenUpAt, lane, plugin } = job;
      if (event.type === 'told' && event.event.type === 'chart') steps.inc();
      else if (event.type === 'taken-up') interrupted.inc();
      else if (event.type === 'started' && takenUpAt === undefined)
        waited.observe({ lane }, since(acceptedAt, event.at));
      else if (event.type === 'ended') {
        ended.inc({ state: event.state });
        if (event.state === 'done' && takenUpAt === undefined && startedAt !== undefined && endedAt !== undefined)
          took.observe({ plugin: plugin.id }, since(startedAt, endedAt));
      }
    });
  }

  get contentType(): string {
    return this.registry.contentType;
  }
  text(): Promise<string> {
    return this.registry.metrics();
  }
}

/** Seconds between two clocks that may disagree. */
const since = (from: number, to: number): number => Math.max(0, to - from) / 1000;
