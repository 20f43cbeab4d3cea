/** Works on runs: takes them from the queue, drives their plugins, and tells what happens to them. */
import {
  failure,
  type HostServices,
  LodestoneError,
  type PlainError,
  type PluginEvent,
  type PluginRun,
  type Policy,
  plainError,
  type RegisteredPlugin,
  runPlugin,
  type Want,
} from '../../core/index.ts';
import { extensionOf, fileName } from '../names.ts';
import { type KeptCheckpoint, LANES, type RunEvent, type Told } from '../runs/events.ts';
import { happened, isGoing, type Job, jobOf } from '../runs/job.ts';
import type { Lease, RunStore, Working } from '../runs/store.ts';

type Of<T extends PluginEvent['type']> = Extract<PluginEvent, { type: T }>;

/** Steps between checkpoints. */
const CHECKPOINT_EVERY = 5;
/** How often a run is taken up at one step. */
const ATTEMPTS = 5;

interface Named {
  readonly file: string;
  readonly sha256: string;
}

export interface WorkServices extends HostServices {
  /** Finished pictures that it blocks are held back. */
  readonly policy?: Policy;
  /** Keeps a finished picture, the job's `count`-th from 0, and returns its name in the gallery, and what it is. */
  keep(job: Job, picture: Of<'picture'>, count: number): Promise<Named>;
  /** Told of every run that ends with an error. */
  failed?(job: Job, error: PlainError): void;
  /** Told of every run that was worked on, for how many seconds, and how it left it. */
  worked?(job: Job, seconds: number): void;
  /** Keeps a report or a list, and returns its name among the reports, and what it is. */
  keepFile(job: Job, file: Pick<Of<'file'>, 'name' | 'bytes'> & { readonly mime: string }): Promise<Named>;
  /** The plugin of that name, with what it has been granted. Throws PLUGIN_UNKNOWN. */
  plugin(id: string): Promise<{ readonly plugin: RegisteredPlugin; readonly granted: readonly Want[] }>;
}

/** Works on the runs of each lane, one at a time, until it is closed. */
export function startWork(store: RunStore, services: WorkServices): Working {
  const working = LANES.map((lane) => store.work(lane, (lease) => new Driven(lease, services).drive()));
  return {
    close: async () => {
      await Promise.all(working.map((one) => one.close()));
    },
  };
}

/** One run, as it is worked on. */
class Driven {
  private readonly lease: Lease;
  private readonly services: WorkServices;
  private readonly job: Job | undefined;
  /** It was steered since its last state: the next is kept at once, so that nothing steered is lost. */
  private steered = false;

  constructor(lease: Lease, services: WorkServices) {
    this.lease = lease;
    this.services = services;
    this.job = jobOf({ id: lease.id, events: lease.events, kept: [] });
  }

  async drive(): Promise<void> {
    const { job } = this;
    if (!(job && isGoing(job))) return;
    const began = performance.now();
    try {
      await this.toItsEnd(job);
    } catch (thrown) {
      // Whoever has taken it over tells how it goes on.
      if (this.lease.signal.reason !== 'lost') this.services.failed?.(job, plainError(thrown));
    }
    this.services.worked?.(job, (performance.now() - began) / 1000);
  }

  private async toItsEnd(job: Job): Promise<void> {
    const { signal } = this.lease;
    if (signal.aborted && signal.reason !== 'cancelled') return;
    let goesOn = job.state === 'waiting' || signal.aborted || (await this.takeUp(job));
    while (goesOn)
      try {
        await this.run(job);
        await this.happens(job, { type: 'ended', at: Date.now(), state: 'done' });
        goesOn = false;
      } catch (thrown) {
        goesOn = await this.stopped(job, thrown);
      }
  }

  private async run(job: Job): Promise<void> {
    const { lease, services } = this;
    if (lease.signal.aborted) throw failure('CANCELLED', {});
    let held = job.paused || job.heldOver;
    const { plugin, granted } = await services.plugin(job.plugin.id);
    const from = await lease.newest();
    await this.checkAgain(job, plugin, from);
    const run = runPlugin(plugin, job.parameters, services, {
      signal: lease.signal,
      checkpointEvery: CHECKPOINT_EVERY,
      granted,
      ...(services.policy ? { policy: services.policy } : {}),
      script: from ? from.script : job.script,
      ...(from ? { resume: from.checkpoint } : {}),
    });
    lease.listen((steer) => this.steer(job, run, steer));
    try {
      for await (const event of run.events) {
        if (lease.signal.aborted) throw failure('CANCELLED', {});
        await this.take(job, event);
        // It was held when it was interrupted.
        if (held) await run.steer({ control: 'pause' }).catch(() => false);
        held = false;
      }
    } finally {
      lease.listen(undefined);
    }
  }

  private async steer(job: Job, run: PluginRun, steer: Parameters<PluginRun['steer']>[0]): Promise<boolean> {
    const { question } = job;
    if (!(await run.steer(steer))) return false;
    this.steered = true;
    // Answered for all who watch, once the run has taken it; it may have asked the next by now.
    if (steer.answer !== undefined && question?.id === steer.answer.question && job.question === question)
      await this.happens(job, { type: 'answered', question: question.id });
    return true;
  }

  /** What a run's process said at its end decides: its own fault, somebody's wish, or a process that ended under it. Whether it is to be tried again. */
  private async stopped(job: Job, thrown: unknown): Promise<boolean> {
    const { signal } = this.lease;
    // Whoever has it now, or next, goes on with it.
    if (signal.aborted && signal.reason !== 'cancelled') return false;
    const error = plainError(thrown);
    const asked = error.code === 'CANCELLED';
    this.services.failed?.(job, error);
    if (!asked && endedUnderIt(thrown)) return this.takeUp(job, error);
    await this.happens(job, {
      type: 'ended',
      at: Date.now(),
      ...(asked ? { state: 'cancelled' as const } : { state: 'failed' as const, error }),
    });
    return false;
  }

  /** Goes on from its last state, or from its beginning where it has none; not for ever where it comes no further. */
  private async takeUp(job: Job, ended?: PlainError): Promise<boolean> {
    const step = (await this.lease.newest())?.checkpoint.step;
    if (job.takenUpAt === (step ?? -1) && job.attempts >= ATTEMPTS) {
      const what = `it was taken up there ${ATTEMPTS} times and came no further`;
      const error = ended ?? plainError(failure('RUN_INTERRUPTED', { at: placeOf(step), what }));
      await this.happens(job, { type: 'ended', at: Date.now(), state: 'failed', error });
      return false;
    }
    await this.happens(job, { type: 'taken-up', at: Date.now(), ...(step === undefined ? {} : { step }) });
    const reached = step === undefined ? 'begun again' : `going on from step ${step}`;
    await this.happens(job, noted(`Interrupted${ended ? ` (${ended.message})` : ''}; ${reached}.`));
    return true;
  }

  /** Throws RUN_INTERRUPTED where what it goes on with is not what it began with. */
  private async checkAgain(
    job: Job,
    { id, version }: RegisteredPlugin,
    from: KeptCheckpoint | undefined,
  ): Promise<void> {
    const model = (await this.services.engine.info().catch(() => undefined))?.hash;
    const refuse = (what: string): never => {
      throw failure('RUN_INTERRUPTED', { at: placeOf(from?.checkpoint.step), what });
    };
    if (job.takenUpAt !== undefined && job.plugin.version !== version)
      refuse(`it was begun with version ${job.plugin.version} of the plugin "${id}", and this is version ${version}`);
    if (job.takenUpAt !== undefined && job.model !== undefined && model !== undefined && job.model !== model)
      refuse(`it was begun with the model ${job.model}, and this is ${model}`);
    await this.happens(job, { type: 'started', at: Date.now(), ...(model === undefined ? {} : { model }) });
  }

  private async take(job: Job, event: PluginEvent): Promise<void> {
    if (event.type === 'picture' && event.report) {
      // It shows more of an answer: it belongs to the run, and is none of the gallery's.
      const name = reportName(event, job.files.length + 1);
      await this.happens(job, { type: 'file', name, ...(await this.services.keepFile(job, { ...event, name })) });
    } else if (event.type === 'picture') {
      const named = await this.services.keep(job, event, job.pictures);
      const { title, width, height } = event;
      await this.happens(
        job,
        event.mime === 'image/svg+xml'
          ? { type: 'drawing', ...named }
          : { type: 'picture', title, width, height, ...named },
      );
    } else if (event.type === 'file') {
      await this.happens(job, { type: 'file', name: event.name, ...(await this.services.keepFile(job, event)) });
    } else if (event.type === 'checkpoint') {
      const now = this.steered;
      this.steered = false;
      await this.lease.keep({ checkpoint: event.checkpoint, script: event.script }, now);
    } else {
      if (event.type === 'rewound') await this.lease.wentBack(event.step);
      await this.happens(job, { type: 'told', event: event satisfies Told });
    }
  }

  private happens(job: Job, event: RunEvent): Promise<void> {
    happened(job, event);
    return this.lease.append(event);
  }
}

const placeOf = (step: number | undefined): string =>
  step === undefined ? 'before it kept a state' : `at step ${step}`;
const reportName = ({ title, mime }: Of<'picture'>, count: number): string =>
  `${fileName(title.toLowerCase())}-${count}.${extensionOf(mime)}`;
const noted = (text: string): RunEvent => ({ type: 'told', event: { type: 'note', text } });

/** Whether a process ended under a run that asked for nothing wrong. */
function endedUnderIt(thrown: unknown): boolean {
  if (!(thrown instanceof LodestoneError)) return false;
  const { cause } = thrown;
  return thrown.code === 'ENGINE_STOPPED' || (cause instanceof LodestoneError && cause.code === 'ENGINE_STOPPED');
}
