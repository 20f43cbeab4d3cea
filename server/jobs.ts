/** Jobs: one plugin run each, as people see them and ask for them. Where they are kept and who works on them is the store's. */
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import {
  failure,
  parsePrompt,
  type RegisteredPlugin,
  type Steer,
  ungranted,
  type Want,
  wantsInWords,
} from '../core/index.ts';
import { Durations } from './durations.ts';
import type { Accepted, KeptCheckpoint, RunEvent } from './runs/events.ts';
import { calledBy, happened, isGoing, isOf, type Job, jobOf, titleOf } from './runs/job.ts';
import type { Follower, Known, RunStore, Waiting } from './runs/store.ts';
import { waits } from './waits.ts';

interface Starting {
  readonly title?: string;
  /** The state that it begins with, when that is not the beginning. */
  readonly begins?: KeptCheckpoint;
  /** What the person has granted the plugin. */
  readonly granted?: readonly Want[];
  /** The run that it branches off. */
  readonly parent?: string;
  /** Who asks for it. */
  readonly by?: string;
  /** Whether its picture is one of many that are tried out. */
  readonly sketch?: boolean | undefined;
}

/** The newest jobs, whose states are kept. */
const BRANCHABLE = 8;
/** The newest jobs that have ended, which are remembered. */
const KEPT = 100;

/** How often places in the queue are told. */
const PLACES_MS = 500;

/** Whether somebody who waits need not be told the other of these seconds. */
const isAbout = (told: number | undefined, now: number | undefined): boolean =>
  told === undefined || now === undefined ? told === now : Math.abs(told - now) <= 0.1 * told;

type PluginOf = (id: string) => Promise<{ readonly plugin: RegisteredPlugin; readonly granted: readonly Want[] }>;

export class Jobs
  extends EventEmitter<{ changed: [Job]; happened: [Job, RunEvent]; forgotten: [string] }>
  implements Follower
{
  private readonly store: RunStore;
  private readonly jobs = new Map<string, Job>();
  private readonly durations = new Durations();
  private queue: readonly Waiting[] = [];
  private closing = false;
  private moving: NodeJS.Timeout | undefined;
  private movedAt = Number.NEGATIVE_INFINITY;
  /** The plugin of that name, with what it has been granted. Throws PLUGIN_UNKNOWN. */
  readonly plugin: PluginOf;

  constructor(store: RunStore, plugin: PluginOf) {
    super();
    // One listener a watcher; their number is no sign of a leak.
    this.setMaxListeners(0);
    this.store = store;
    this.plugin = plugin;
  }

  /** Knows what the store has. How many runs wait, how many were interrupted, and how many could not be read. */
  async open(): Promise<{ readonly waiting: number; readonly interrupted: number; readonly unreadable: number }> {
    const { runs, unreadable } = await this.store.follow(this);
    for (const run of runs) if (!this.has(run.id)) this.known(run);
    this.forgetOld();
    const states = this.list().map(({ state }) => state);
    const count = (state: Job['state']): number => states.filter((s) => s === state).length;
    return { waiting: count('waiting'), interrupted: count('running'), unreadable };
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

  /** Accepted: kept before it is told. Throws JOBS_FULL, CLOSING, PLUGIN_NOT_GRANTED, JOURNAL_FAILED, STORE_LOST. */
  async start(
    plugin: RegisteredPlugin,
    parameters: Readonly<Record<string, unknown>>,
    { title, begins, granted = [], parent, by = '', sketch = false }: Starting = {},
  ): Promise<Job> {
    const words = [parameters['prompt'], parameters['query']].find((v) => typeof v === 'string' && v !== '');
    if (this.closing) throw failure('CLOSING', {});
    const missing = ungranted(plugin, granted);
    if (missing.length > 0) throw failure('PLUGIN_NOT_GRANTED', { id: plugin.id, wants: wantsInWords(missing) });
    const accepted: Accepted = {
      type: 'accepted',
      at: Date.now(),
      by,
      key: randomUUID(),
      // What can be steered is watched while it goes on, and takes its time.
      lane: plugin.steerable ? 'long' : 'short',
      plugin: { id: plugin.id, title: plugin.title, version: plugin.version },
      parameters: parameters as Accepted['parameters'], // they came as JSON
      title: calledBy(title ?? (typeof words === 'string' ? words : plugin.title)),
      script: [...(begins?.script ?? [])],
      ...(parent === undefined ? {} : { parent }),
      ...(sketch ? { sketch } : {}),
    };
    const id = randomUUID();
    await this.store.accept(id, accepted, begins);
    this.forgetOld();
    return this.get(id);
  }

  /** Another run that begins where this one was at a step, with another prompt if one is given. Throws JOB_UNKNOWN, NOT_BRANCHABLE, PROMPT_INVALID, PLUGIN_UNKNOWN, JOBS_FULL. */
  async branch(
    id: string,
    step: number,
    { prompt, by = '' }: { readonly prompt?: string | undefined; readonly by?: string } = {},
  ): Promise<Job> {
    const job = this.get(id);
    if (prompt !== undefined) parsePrompt(prompt);
    const from = await this.store.state(id, step);
    if (!from) throw failure('NOT_BRANCHABLE', { job: titleOf(job) });
    const { checkpoint, script: kept } = from;
    const script = prompt === undefined ? kept : [...kept, { step: checkpoint.step, steer: { prompt } }];
    const { plugin, granted } = await this.plugin(job.plugin.id);
    return this.start(plugin, job.parameters, {
      title: `${prompt ?? titleOf({ ...job, marks: job.marks.filter((mark) => mark.step <= step) })}, from step ${checkpoint.step}`,
      begins: { checkpoint, script },
      granted,
      parent: id,
      by,
    });
  }

  /** Throws JOB_UNKNOWN, STORE_LOST. */
  async cancel(id: string): Promise<void> {
    if (isGoing(this.get(id))) await this.store.cancel(id, { type: 'ended', at: Date.now(), state: 'cancelled' });
  }

  /** Throws JOB_UNKNOWN, NOT_STEERABLE, PROMPT_EMPTY, PROMPT_INVALID, STORE_LOST. */
  async steer(id: string, steer: Steer): Promise<void> {
    const job = this.get(id);
    if (steer.prompt !== undefined) parsePrompt(steer.prompt);
    if (!(await this.store.steer(id, steer)))
      throw failure('NOT_STEERABLE', { job: `${job.plugin.title}, ${job.state}` });
  }

  /** That this person may steer, move and end it. Throws JOB_UNKNOWN, NOT_YOURS. */
  yours(id: string, by: string, key?: string): void {
    const job = this.get(id);
    if (!isOf(job, by, key)) throw failure('NOT_YOURS', { job: titleOf(job) });
  }

  /** Where one that waits stands: before what its person has waiting beside it, or behind all others for as long as it is held. Throws JOB_UNKNOWN, NOT_WAITING, STORE_LOST. */
  async move(id: string, how: 'up' | 'hold' | 'release'): Promise<void> {
    const job = this.get(id);
    const moved = how === 'up' ? this.store.moveUp(id) : this.store.hold(id, how === 'hold');
    if (!(await moved)) throw failure('NOT_WAITING', { job: titleOf(job) });
  }

  /** Whether runs can be asked for. */
  async ready(): Promise<boolean> {
    return !this.closing && (await this.store.ready());
  }

  /** Accepts nothing more. */
  close(): void {
    this.closing = true;
  }

  happened(id: string, event: RunEvent): void {
    const job = this.jobs.get(id);
    if (!job) return;
    happened(job, event);
    this.emit('happened', job, event);
    if (event.type === 'ended') this.measured(job);
    this.changed(job);
    if (event.type === 'started' || event.type === 'ended') this.moved();
  }
  queued(order: readonly Waiting[]): void {
    this.queue = order;
    this.moved();
  }
  known(run: Known): void {
    const job = jobOf(run);
    if (!job) return;
    const before = this.jobs.get(run.id);
    if (before) job.revision = before.revision;
    if (before?.frame) job.frame ??= before.frame;
    this.jobs.set(run.id, job);
    this.measured(job);
    this.changed(job);
    this.moved();
  }
  forgotten(id: string): void {
    this.jobs.delete(id);
    this.emit('forgotten', id);
  }

  /** How long it took, where it came to its end in one go. */
  private measured(job: Job): void {
    const { state, startedAt, endedAt, takenUpAt } = job;
    if (state === 'done' && startedAt !== undefined && endedAt !== undefined && takenUpAt === undefined)
      this.durations.took(job, (endedAt - startedAt) / 1000);
  }

  /** Those that wait have other places, and other times to wait. That is told to all who watch of all that wait, so not all the time. */
  private moved(): void {
    if (this.moving) return;
    const wait = this.movedAt + PLACES_MS - performance.now();
    this.moving = setTimeout(
      () => {
        this.moving = undefined;
        this.movedAt = performance.now();
        this.tellPlaces();
      },
      Math.max(0, wait),
    ).unref();
  }

  private tellPlaces(): void {
    const order = this.queue.flatMap(({ id, held }) => {
      const job = this.jobs.get(id);
      return job?.state === 'waiting' ? [{ job, held }] : [];
    });
    const running = [...this.jobs.values()].filter(({ state }) => state === 'running');
    for (const { job, place, wait } of waits(order, running, this.durations)) {
      if (job.place === place && isAbout(job.wait, wait)) continue;
      job.place = place;
      job.wait = wait;
      this.changed(job);
    }
  }

  private changed(job: Job): void {
    job.revision += 1;
    this.emit('changed', job);
  }

  private forgetOld(): void {
    for (const job of this.list().slice(BRANCHABLE)) {
      if (job.kept.length === 0 || isGoing(job)) continue;
      job.kept = [];
      void this.store.forgetStates(job.id).catch(() => undefined);
    }
    const ended = this.list().filter((job) => !isGoing(job));
    for (const { id } of ended.slice(KEPT)) {
      this.forgotten(id);
      void this.store.forget(id).catch(() => undefined);
    }
  }
}
