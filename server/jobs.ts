/** Jobs: one plugin run each, one at a time, with a short queue. Each job keeps what a late joiner needs to see the current state. */

import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type {
  HostServices,
  PlainError,
  PluginEvent,
  PluginRun,
  Policy,
  RegisteredPlugin,
  RunOptions,
  Steer,
  Want,
} from '../core/index.ts';
import { failure, heldBy, parsePrompt, plainError, runPlugin, ungranted, wantsInWords } from '../core/index.ts';
import { shortened } from './shortened.ts';
import type { JobState } from './wire.ts';

type Of<T extends PluginEvent['type']> = Extract<PluginEvent, { type: T }>;

export interface Job {
  readonly id: string;
  readonly plugin: RegisteredPlugin;
  readonly parameters: Readonly<Record<string, unknown>>;
  state: JobState;
  progress?: Of<'progress'>;
  frame?: Of<'frame'>;
  picture?: {
    readonly title: string;
    readonly width: number;
    readonly height: number;
    readonly file: string;
    /** The same picture as SVG, in the gallery's folder. */
    readonly drawing?: string;
  };
  /** An SVG whose picture is still to come. */
  drawing?: string | undefined;
  /** How many pictures it has finished. */
  pictures: number;
  ranking?: Of<'ranking'>;
  /** Another list when a table is new. */
  tables: readonly Of<'table'>[];
  /** Reports and lists, as they are kept. */
  files: readonly { readonly name: string; readonly file: string }[];
  question?: Of<'question'> | undefined;
  layout?: Of<'layout'>;
  /** Another list after the run has gone back. */
  chart: Of<'chart'>[];
  paused: boolean;
  readonly notes: string[];
  /** What people call it. */
  readonly title: string;
  /** Where it begins, when that is not the beginning. */
  readonly again: Again;
  readonly granted: readonly Want[];
  /** States that another run can begin from, in order of their steps. */
  checkpoints: Of<'checkpoint'>[];
  error?: PlainError;
  /** Grows with every change; watchers compare it with what they have seen. */
  revision: number;
  readonly abort: AbortController;
}

type Again = Pick<RunOptions, 'script' | 'resume'>;

interface Starting {
  readonly title?: string;
  readonly again?: Again;
  /** What the person has granted the plugin. */
  readonly granted?: readonly Want[];
}

/** Steps between checkpoints; when there are many, every second one goes. */
const CHECKPOINT_EVERY = 5;
const CHECKPOINTS_KEPT = 64;
/** Jobs that keep their checkpoints. */
const BRANCHABLE = 8;
const WAITING_LIMIT = 20;
const KEPT = 50;
const CHART_LIMIT = 20_000;
const NOTES_LIMIT = 500;
const NOTE_LENGTH = 2000;
const TABLES_LIMIT = 50;
const FILES_LIMIT = 1000;
/** Bytes of the checkpoints that one job keeps. */
const CHECKPOINT_BYTES = 256 << 20;

export interface JobServices extends HostServices {
  /** Finished pictures that it blocks are held back. */
  readonly policy?: Policy;
  /** Keeps a finished picture, the job's `count`-th from 0, and returns its file name in the gallery. */
  keep(job: Job, picture: Of<'picture'>, count: number): Promise<string>;
  /** Told of every run that ends with an error. */
  failed?(job: Job, error: PlainError): void;
  /** Keeps a report or a list, and returns its name among the reports. */
  keepFile(job: Job, file: Of<'file'>): Promise<string>;
}

export class Jobs extends EventEmitter<{ changed: [Job] }> {
  private readonly services: JobServices;
  private readonly jobs = new Map<string, Job>();
  private readonly queue: Job[] = [];
  private readonly runs = new Map<string, PluginRun>();
  private working: Promise<void> | undefined;
  private closing = false;

  constructor(services: JobServices) {
    super();
    // One listener a watcher; their number is no sign of a leak.
    this.setMaxListeners(0);
    this.services = services;
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

  /** Throws JOBS_FULL, CLOSING, PLUGIN_NOT_GRANTED. */
  start(
    plugin: RegisteredPlugin,
    parameters: Readonly<Record<string, unknown>>,
    { title, again = {}, granted = [] }: Starting = {},
  ): Job {
    const prompt = parameters['prompt'];
    if (this.closing) throw failure('CLOSING', {});
    const missing = ungranted(plugin, granted);
    if (missing.length > 0) throw failure('PLUGIN_NOT_GRANTED', { id: plugin.id, wants: wantsInWords(missing) });
    if (this.queue.length >= WAITING_LIMIT) throw failure('JOBS_FULL', { limit: WAITING_LIMIT });
    const job: Job = {
      id: randomUUID(),
      plugin,
      parameters,
      state: 'waiting',
      chart: [],
      paused: false,
      notes: [],
      title: shortened(title ?? (typeof prompt === 'string' && prompt !== '' ? prompt : plugin.title)),
      again,
      granted,
      checkpoints: [],
      tables: [],
      files: [],
      pictures: 0,
      revision: 0,
      abort: new AbortController(),
    };
    this.jobs.set(job.id, job);
    this.forgetOld();
    this.queue.push(job);
    this.changed(job);
    this.working ??= this.work().finally(() => {
      this.working = undefined;
    });
    return job;
  }

  /** Another run that begins where this one was at a step, with another prompt if one is given. Throws JOB_UNKNOWN, NOT_BRANCHABLE, PROMPT_INVALID, JOBS_FULL. */
  branch(id: string, step: number, prompt?: string): Job {
    const job = this.get(id);
    if (prompt !== undefined) parsePrompt(prompt);
    const from = job.checkpoints.findLast((c) => c.checkpoint.step <= step);
    if (!from) throw failure('NOT_BRANCHABLE', { job: job.title });
    const { checkpoint, script: kept } = from;
    const script = prompt === undefined ? kept : [...kept, { step: checkpoint.step, steer: { prompt } }];
    return this.start(job.plugin, job.parameters, {
      title: `${prompt ?? job.title}, from step ${checkpoint.step}`,
      again: { script, resume: checkpoint },
      granted: job.granted,
    });
  }

  cancel(id: string): void {
    const job = this.get(id);
    const place = this.queue.indexOf(job);
    if (place >= 0) this.queue.splice(place, 1);
    if (job.state === 'waiting') this.end(job, 'cancelled');
    job.abort.abort();
  }

  /** Throws JOB_UNKNOWN, NOT_STEERABLE, PROMPT_EMPTY, PROMPT_INVALID. */
  async steer(id: string, steer: Steer): Promise<void> {
    const job = this.get(id);
    if (steer.prompt !== undefined) parsePrompt(steer.prompt);
    const { question } = job;
    if (!(await this.runs.get(id)?.steer(steer)))
      throw failure('NOT_STEERABLE', { job: `${job.plugin.title}, ${job.state}` });
    // Answered for all who watch, once the run has taken it; it may have asked the next by now.
    if (steer.answer === undefined || question?.id !== steer.answer.question || job.question !== question) return;
    job.question = undefined;
    this.changed(job);
  }

  /** Begins nothing more, cancels everything and waits until nothing runs. */
  async close(): Promise<void> {
    this.closing = true;
    for (const job of this.jobs.values()) if (job.state === 'waiting' || job.state === 'running') this.cancel(job.id);
    await this.working;
  }

  private async work(): Promise<void> {
    for (let job = this.queue.shift(); job; job = this.queue.shift()) if (job.state === 'waiting') await this.run(job);
  }

  private async run(job: Job): Promise<void> {
    job.state = 'running';
    this.changed(job);
    try {
      const run = runPlugin(job.plugin, job.parameters, this.services, {
        signal: job.abort.signal,
        checkpointEvery: CHECKPOINT_EVERY,
        granted: job.granted,
        ...(this.services.policy ? { policy: this.services.policy } : {}),
        ...job.again,
      });
      this.runs.set(job.id, run);
      for await (const event of run.events) {
        if (job.abort.signal.aborted) throw failure('CANCELLED', {});
        await this.take(job, event);
        this.changed(job);
      }
      this.end(job, 'done');
    } catch (thrown) {
      const error = plainError(thrown);
      if (error.code !== 'CANCELLED') job.error = error;
      this.services.failed?.(job, error);
      this.end(job, error.code === 'CANCELLED' ? 'cancelled' : 'failed');
    } finally {
      this.runs.delete(job.id);
    }
  }

  private async take(job: Job, event: PluginEvent): Promise<void> {
    if (event.type === 'picture' && event.mime === 'image/svg+xml') {
      job.drawing = await this.services.keep(job, event, job.pictures);
    } else if (event.type === 'picture') {
      const { title, width, height } = event;
      const file = await this.services.keep(job, event, job.pictures);
      job.picture = { title, width, height, file, ...(job.drawing === undefined ? {} : { drawing: job.drawing }) };
      job.drawing = undefined;
      job.pictures += 1;
    } else if (event.type === 'progress') job.progress = event;
    else if (event.type === 'frame') job.frame = event;
    else if (event.type === 'ranking') job.ranking = event;
    else if (event.type === 'layout') job.layout = event;
    else if (event.type === 'paused' || event.type === 'going') job.paused = event.type === 'paused';
    else if (event.type === 'table')
      job.tables = [...job.tables.filter((t) => t.title !== event.title), event].slice(-TABLES_LIMIT);
    else if (event.type === 'file') {
      const file = await this.services.keepFile(job, event);
      job.files = [...job.files.filter((f) => f.name !== event.name), { name: event.name, file }].slice(-FILES_LIMIT);
    } else if (event.type === 'question') job.question = event;
    else if (event.type === 'checkpoint') keepCheckpoint(job, event);
    else if (event.type === 'rewound') goBack(job, event.step);
    else if (event.type === 'chart' && job.chart.length < CHART_LIMIT) job.chart.push(event);
    else if (event.type === 'note' && job.notes.length < NOTES_LIMIT)
      job.notes.push(shortened(event.text, NOTE_LENGTH));
  }

  private end(job: Job, state: JobState): void {
    job.state = state;
    job.question = undefined;
    this.changed(job);
  }

  private changed(job: Job): void {
    job.revision += 1;
    this.emit('changed', job);
  }

  private forgetOld(): void {
    for (const job of this.list().slice(BRANCHABLE)) job.checkpoints = [];
    for (const [id, job] of this.jobs) {
      if (this.jobs.size <= KEPT) return;
      if (job.state !== 'waiting' && job.state !== 'running') this.jobs.delete(id);
    }
  }
}

function goBack(job: Job, step: number): void {
  job.chart = job.chart.filter((point) => point.x <= step);
  job.checkpoints = job.checkpoints.filter((c) => c.checkpoint.step <= step);
}

function keepCheckpoint(job: Job, event: Of<'checkpoint'>): void {
  job.checkpoints.push(event);
  const bytes = (): number => job.checkpoints.reduce((sum, c) => sum + heldBy(c.checkpoint), 0);
  while (job.checkpoints.length > CHECKPOINTS_KEPT || (job.checkpoints.length > 1 && bytes() > CHECKPOINT_BYTES))
    job.checkpoints = job.checkpoints.filter((_, i) => i % 2 === 0);
}
