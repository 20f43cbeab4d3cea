/** Jobs: one plugin run each, one at a time, with a short queue. What happens to them is remembered, so that they outlast the process. */

import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type {
  HostServices,
  PlainError,
  PluginEvent,
  PluginRun,
  Policy,
  RegisteredPlugin,
  Steer,
  Want,
} from '../core/index.ts';
import { failure, LodestoneError, parsePrompt, plainError, runPlugin, ungranted, wantsInWords } from '../core/index.ts';
import { Durations } from './durations.ts';
import { FairQueue } from './queue.ts';
import type { Accepted, RunEvent } from './runs/events.ts';
import { type Again, acceptedJob, happened, type Job, keepCheckpoint } from './runs/job.ts';
import type { RunMemory } from './runs/memory.ts';
import { shortened } from './shortened.ts';
import type { JobState } from './wire.ts';

type Of<T extends PluginEvent['type']> = Extract<PluginEvent, { type: T }>;

interface Starting {
  readonly title?: string;
  readonly again?: Again;
  /** What the person has granted the plugin. */
  readonly granted?: readonly Want[];
  /** The run that it branches off. */
  readonly parent?: string;
  /** Who asks for it. */
  readonly by?: string;
}

/** Steps between checkpoints. */
const CHECKPOINT_EVERY = 5;
/** Jobs that keep their checkpoints. */
const BRANCHABLE = 8;
/** Jobs that may wait: of one person, so that nobody locks the others out, and of all. */
const WAITING = { yours: 20, all: 200 } as const;
const KEPT = 50;
/** How often a run is taken up at one step. */
const ATTEMPTS = 3;

export interface JobServices extends HostServices {
  /** Finished pictures that it blocks are held back. */
  readonly policy?: Policy;
  /** Keeps a finished picture, the job's `count`-th from 0, and returns its file name in the gallery. */
  keep(job: Job, picture: Of<'picture'>, count: number): Promise<string>;
  /** Told of every run that ends with an error. */
  failed?(job: Job, error: PlainError): void;
  /** Keeps a report or a list, and returns its name among the reports. */
  keepFile(job: Job, file: Of<'file'>): Promise<string>;
  /** The plugin of that name, with what it has been granted. Throws PLUGIN_UNKNOWN. */
  plugin(id: string): Promise<{ readonly plugin: RegisteredPlugin; readonly granted: readonly Want[] }>;
}

export class Jobs extends EventEmitter<{ changed: [Job] }> {
  private readonly services: JobServices;
  private readonly memory: RunMemory;
  private readonly jobs = new Map<string, Job>();
  private readonly queue = new FairQueue<Job>();
  private readonly durations = new Durations();
  private readonly runs = new Map<string, PluginRun>();
  /** Runs that were steered since their last checkpoint: the next is kept at once, so that nothing steered is lost. */
  private readonly steered = new Set<string>();
  private working: Promise<void> | undefined;
  /** The one that runs, and since when. */
  private begun: { readonly job: Job; readonly at: number } | undefined;
  private closing = false;
  private closed: Promise<void> | undefined;

  constructor(services: JobServices, memory: RunMemory) {
    super();
    // One listener a watcher; their number is no sign of a leak.
    this.setMaxListeners(0);
    this.services = services;
    this.memory = memory;
  }

  /** The plugin of that name, with what it has been granted. Throws PLUGIN_UNKNOWN. */
  plugin(id: string): ReturnType<JobServices['plugin']> {
    return this.services.plugin(id);
  }

  /** Newest first. */
  list(): Job[] {
    return [...this.jobs.values()].reverse();
  }

  has(id: string): boolean {
    return this.jobs.has(id);
  }

  /** Throws JOB_UNKNOWN. */
  get(id: string): Job {
    const job = this.jobs.get(id);
    if (!job) throw failure('JOB_UNKNOWN', { id });
    return job;
  }

  /** Takes up what the last process on these data left: what waited waits in its place, what ran goes on from its last state, before the others. How many of each there are. */
  recall(): { readonly waiting: number; readonly interrupted: number; readonly unreadable: number } {
    const { jobs, unreadable } = this.memory.recall();
    const interrupted = jobs.filter((job) => job.state === 'running');
    const waiting = jobs.filter((job) => job.state === 'waiting');
    for (const job of jobs) this.jobs.set(job.id, job);
    const branchable = new Set([...jobs.slice(-BRANCHABLE), ...interrupted, ...waiting]);
    for (const job of branchable) job.checkpoints = this.memory.states(job.id);
    for (const job of waiting) {
      const [begins] = job.checkpoints;
      if (begins) job.again = { script: job.script, resume: begins.checkpoint };
    }
    for (const job of waiting) this.queue.add(job);
    for (const job of interrupted.toReversed()) this.takeUp(job);
    this.forgetOld();
    this.goOn();
    this.moved();
    return { waiting: waiting.length, interrupted: interrupted.length, unreadable };
  }

  /** Accepted: kept before it is told. Throws JOBS_FULL, CLOSING, PLUGIN_NOT_GRANTED, JOURNAL_FAILED. */
  start(
    plugin: RegisteredPlugin,
    parameters: Readonly<Record<string, unknown>>,
    { title, again = {}, granted = [], parent, by = '' }: Starting = {},
  ): Job {
    const prompt = parameters['prompt'];
    if (this.closing) throw failure('CLOSING', {});
    const missing = ungranted(plugin, granted);
    if (missing.length > 0) throw failure('PLUGIN_NOT_GRANTED', { id: plugin.id, wants: wantsInWords(missing) });
    if (this.queue.of(by) >= WAITING.yours) throw failure('JOBS_FULL', { limit: WAITING.yours, whose: 'yours' });
    if (this.queue.length >= WAITING.all) throw failure('JOBS_FULL', { limit: WAITING.all, whose: 'all' });
    const accepted: Accepted = {
      type: 'accepted',
      at: Date.now(),
      by,
      plugin: { id: plugin.id, title: plugin.title, version: plugin.version },
      parameters: parameters as Accepted['parameters'], // they came as JSON
      title: shortened(title ?? (typeof prompt === 'string' && prompt !== '' ? prompt : plugin.title)),
      script: [...(again.script ?? [])],
      ...(parent === undefined ? {} : { parent }),
    };
    const job = acceptedJob(randomUUID(), accepted, again);
    this.memory.accept(job.id, accepted, job.checkpoints[0]);
    this.jobs.set(job.id, job);
    this.forgetOld();
    this.queue.add(job);
    this.changed(job);
    this.goOn();
    this.moved();
    return job;
  }

  /** Another run that begins where this one was at a step, with another prompt if one is given. Throws JOB_UNKNOWN, NOT_BRANCHABLE, PROMPT_INVALID, PLUGIN_UNKNOWN, JOBS_FULL. */
  async branch(
    id: string,
    step: number,
    { prompt, by = '' }: { readonly prompt?: string | undefined; readonly by?: string } = {},
  ): Promise<Job> {
    const job = this.get(id);
    if (prompt !== undefined) parsePrompt(prompt);
    const from = job.checkpoints.findLast((c) => c.checkpoint.step <= step);
    if (!from) throw failure('NOT_BRANCHABLE', { job: job.title });
    const { checkpoint, script: kept } = from;
    const script = prompt === undefined ? kept : [...kept, { step: checkpoint.step, steer: { prompt } }];
    const { plugin, granted } = await this.plugin(job.plugin.id);
    return this.start(plugin, job.parameters, {
      title: `${prompt ?? job.title}, from step ${checkpoint.step}`,
      again: { script, resume: checkpoint },
      granted,
      parent: id,
      by,
    });
  }

  cancel(id: string): void {
    const job = this.get(id);
    this.queue.remove(job);
    if (job.state === 'waiting') this.end(job, { state: 'cancelled' });
    job.abort.abort();
    this.moved();
  }

  /** Throws JOB_UNKNOWN, NOT_STEERABLE, PROMPT_EMPTY, PROMPT_INVALID. */
  async steer(id: string, steer: Steer): Promise<void> {
    const job = this.get(id);
    if (steer.prompt !== undefined) parsePrompt(steer.prompt);
    const { question } = job;
    if (!(await this.runs.get(id)?.steer(steer)))
      throw failure('NOT_STEERABLE', { job: `${job.plugin.title}, ${job.state}` });
    this.steered.add(id);
    // Answered for all who watch, once the run has taken it; it may have asked the next by now.
    if (steer.answer === undefined || question?.id !== steer.answer.question || job.question !== question) return;
    job.question = undefined;
    this.changed(job);
  }

  /** Begins nothing more and stops what runs: all of it goes on where it was when another process takes it up. Waits until nothing runs. */
  close(): Promise<void> {
    this.closed ??= this.stop();
    return this.closed;
  }
  private async stop(): Promise<void> {
    this.closing = true;
    this.queue.clear();
    for (const job of this.jobs.values()) if (job.state === 'running') job.abort.abort();
    await this.working;
    this.memory.close();
  }

  private goOn(): void {
    if (this.closing) return;
    this.working ??= this.work().finally(() => {
      this.working = undefined;
    });
  }

  private async work(): Promise<void> {
    for (let job = this.queue.take(); job; job = this.queue.take()) {
      const began = performance.now();
      this.begun = { job, at: began };
      this.moved();
      if (job.state === 'waiting') await this.run(job);
      const took = (performance.now() - began) / 1000;
      if ((job.state as JobState) === 'done' && job.takenUpAt === undefined) this.durations.took(job, took);
    }
    this.begun = undefined;
  }

  private async run(job: Job): Promise<void> {
    try {
      const { plugin, granted } = await this.plugin(job.plugin.id);
      await this.checkAgain(job, plugin);
      const run = runPlugin(plugin, job.parameters, this.services, {
        signal: job.abort.signal,
        checkpointEvery: CHECKPOINT_EVERY,
        granted,
        ...(this.services.policy ? { policy: this.services.policy } : {}),
        ...job.again,
      });
      this.runs.set(job.id, run);
      let held = job.paused;
      job.paused = false;
      for await (const event of run.events) {
        if (job.abort.signal.aborted) throw failure('CANCELLED', {});
        await this.take(job, event);
        this.changed(job);
        // It was held when it was interrupted.
        if (held) await run.steer({ control: 'pause' }).catch(() => false);
        held = false;
      }
      this.end(job, { state: 'done' });
    } catch (thrown) {
      this.stopped(job, thrown);
    } finally {
      this.runs.delete(job.id);
      this.steered.delete(job.id);
    }
  }

  /** What a run's process said at its end decides: its own fault, somebody's wish, or a process that ended under it. */
  private stopped(job: Job, thrown: unknown): void {
    const error = plainError(thrown);
    const asked = error.code === 'CANCELLED';
    // Whoever takes up these data goes on with it.
    if (asked && this.closing) return;
    this.services.failed?.(job, error);
    if (!asked && endedUnderIt(thrown)) this.takeUp(job, error);
    else this.end(job, asked ? { state: 'cancelled' } : { state: 'failed', error });
  }

  /** Goes on from its last state, or from its beginning where it has none, before all that wait; not for ever where it comes no further. */
  private takeUp(job: Job, ended?: PlainError): void {
    const last = job.checkpoints.at(-1);
    const step = last?.checkpoint.step;
    if (job.takenUpAt === (step ?? -1) && job.attempts >= ATTEMPTS) {
      const what = `it was taken up there ${ATTEMPTS} times and came no further`;
      this.end(job, {
        state: 'failed',
        error: ended ?? plainError(failure('RUN_INTERRUPTED', { at: placeOf(step), what })),
      });
      return;
    }
    this.happens(job, { type: 'taken-up', at: Date.now(), ...(step === undefined ? {} : { step }) });
    job.again = last ? { script: last.script, resume: last.checkpoint } : {};
    const reached = step === undefined ? 'begun again' : `going on from step ${step}`;
    this.happens(job, noted(`Interrupted${ended ? ` (${ended.message})` : ''}; ${reached}.`));
    this.queue.addFirst(job);
    this.changed(job);
  }

  /** Throws RUN_INTERRUPTED where what it goes on with is not what it began with. */
  private async checkAgain(job: Job, { id, version }: RegisteredPlugin): Promise<void> {
    const model = (await this.services.engine.info().catch(() => undefined))?.hash;
    const at = placeOf(job.again.resume?.step);
    const refuse = (what: string): never => {
      throw failure('RUN_INTERRUPTED', { at, what });
    };
    if (job.takenUpAt !== undefined && job.plugin.version !== version)
      refuse(`it was begun with version ${job.plugin.version} of the plugin "${id}", and this is version ${version}`);
    if (job.takenUpAt !== undefined && job.model !== undefined && model !== undefined && job.model !== model)
      refuse(`it was begun with the model ${job.model}, and this is ${model}`);
    this.happens(job, { type: 'started', at: Date.now(), ...(model === undefined ? {} : { model }) });
    this.changed(job);
  }

  private async take(job: Job, event: PluginEvent): Promise<void> {
    if (event.type === 'picture') {
      const file = await this.services.keep(job, event, job.pictures);
      const { title, width, height } = event;
      this.happens(
        job,
        event.mime === 'image/svg+xml' ? { type: 'drawing', file } : { type: 'picture', title, width, height, file },
      );
    } else if (event.type === 'file') {
      this.happens(job, { type: 'file', name: event.name, file: await this.services.keepFile(job, event) });
    } else if (event.type === 'checkpoint') {
      keepCheckpoint(job, event);
      this.memory.keep(job.id, event, this.steered.delete(job.id));
    } else {
      if (event.type === 'rewound') this.memory.wentBack(job.id, event.step);
      this.happens(job, { type: 'told', event });
    }
  }

  private end(job: Job, { state, error }: Pick<Extract<RunEvent, { type: 'ended' }>, 'state' | 'error'>): void {
    this.happens(job, { type: 'ended', at: Date.now(), state, ...(error ? { error } : {}) });
    this.changed(job);
  }

  /** Remembered first, then so. */
  private happens(job: Job, event: RunEvent): void {
    this.memory.remember(job.id, event);
    happened(job, event);
  }

  /** Those that wait have other places, and other times to wait. */
  private moved(): void {
    const { begun } = this;
    const whole = begun && this.durations.of(begun.job);
    let wait = begun ? whole && Math.max(0, whole - (performance.now() - begun.at) / 1000) : 0;
    this.queue.order().forEach((job, i) => {
      const now = wait === undefined ? undefined : Math.round(wait);
      if (job.place !== i + 1 || job.wait !== now) {
        job.place = i + 1;
        job.wait = now;
        this.changed(job);
      }
      const own = this.durations.of(job);
      wait = wait === undefined || own === undefined ? undefined : wait + own;
    });
  }

  private changed(job: Job): void {
    job.revision += 1;
    this.emit('changed', job);
  }

  private forgetOld(): void {
    for (const job of this.list().slice(BRANCHABLE)) {
      if (job.checkpoints.length === 0 || job.state === 'waiting' || job.state === 'running') continue;
      job.checkpoints = [];
      this.memory.forgetStates(job.id);
    }
    for (const [id, job] of this.jobs) {
      if (this.jobs.size <= KEPT) return;
      if (job.state === 'waiting' || job.state === 'running') continue;
      this.jobs.delete(id);
      this.memory.forget(id);
    }
  }
}

const placeOf = (step: number | undefined): string =>
  step === undefined ? 'before it kept a state' : `at step ${step}`;
const noted = (text: string): RunEvent => ({ type: 'told', event: { type: 'note', text } });

/** Whether a process ended under a run that asked for nothing wrong. */
function endedUnderIt(thrown: unknown): boolean {
  if (!(thrown instanceof LodestoneError)) return false;
  const { cause } = thrown;
  return thrown.code === 'ENGINE_STOPPED' || (cause instanceof LodestoneError && cause.code === 'ENGINE_STOPPED');
}
