/** What a run looked like on its way: a few dozen of its frames, spread over its steps, in a folder of its own, so that a page that opens late can look back. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '../core/index.ts';
import type { Jobs } from './jobs.ts';
import type { RunEvent } from './runs/events.ts';
import type { Job } from './runs/job.ts';

/** As many as a timeline shows; with more, every second goes. */
const MOST = 48;
const ENDINGS: Readonly<Record<string, string>> = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' };
const NAME = /^(\d{1,9})\.(png|jpg|webp)$/;

interface Trail {
  /** File names by step. */
  readonly names: Map<number, string>;
  /** Least steps between two. */
  stride: number;
  /** What is done one after the other. */
  work: Promise<unknown>;
}

export interface Frame {
  readonly bytes: Uint8Array;
  /** The ending of its name. */
  readonly type: string;
}

export class Frames {
  private readonly folder: string;
  private readonly trails = new Map<string, Promise<Trail>>();

  /** Follows all jobs; one that is forgotten takes its frames with it. */
  constructor(folder: string, jobs: Jobs) {
    this.folder = folder;
    jobs.on('happened', (job, event) => void this.take(job, event).catch(() => undefined));
    jobs.on('forgotten', (id) => void this.forget(id));
  }

  /** Steps that can be looked at, the smallest first. */
  async steps(job: string): Promise<number[]> {
    return [...(await this.of(job)).names.keys()].sort((a, b) => a - b);
  }

  /** The newest that is not later than the step. Throws FILE_MISSING. */
  async at(job: string, step: number): Promise<Frame> {
    const trail = await this.of(job);
    const name = trail.names.get(Math.max(...[...trail.names.keys()].filter((s) => s <= step)));
    await trail.work;
    const bytes = name && (await readFile(join(this.folder, job, name)).catch(() => undefined));
    if (!(name && bytes)) throw failure('FILE_MISSING', { path: `a frame of step ${step}` });
    return { bytes, type: name.split('.').at(-1) ?? '' };
  }

  private of(job: string): Promise<Trail> {
    const known = this.trails.get(job) ?? this.read(job);
    this.trails.set(job, known);
    return known;
  }

  private async read(job: string): Promise<Trail> {
    const found = (await readdir(join(this.folder, job)).catch(() => [] as string[])).flatMap((name) => {
      const step = NAME.exec(name)?.[1];
      return step === undefined ? [] : [[Number(step), name] as const];
    });
    const steps = found.map(([step]) => step).sort((a, b) => a - b);
    const gaps = steps.slice(1).map((step, i) => step - (steps[i] ?? 0));
    return { names: new Map(found), stride: gaps.length > 0 ? Math.min(...gaps) : 1, work: Promise.resolve() };
  }

  private async take({ id }: Job, event: RunEvent): Promise<void> {
    const told = event.type === 'told' ? event.event : undefined;
    const from = told?.type === 'rewound' ? told.step : event.type === 'taken-up' ? (event.step ?? -1) : undefined;
    if (told?.type !== 'frame' && from === undefined) return;
    const trail = await this.of(id);
    if (from !== undefined) return this.drop(id, trail, (step) => step > from);
    if (told?.type !== 'frame') return;
    const ending = ENDINGS[told.mime];
    // Another beginning is tried: what it was before is none of it.
    this.drop(id, trail, (step) => step > told.step);
    const last = Math.max(-trail.stride, ...trail.names.keys());
    if (!ending || told.step < last + trail.stride) return;
    const name = `${told.step}.${ending}`;
    trail.names.set(told.step, name);
    trail.work = trail.work
      .then(() => mkdir(join(this.folder, id), { recursive: true }))
      // One that a crash cuts is a frame less: nothing waits for the disk.
      .then(() => writeFile(join(this.folder, id, name), told.bytes))
      .catch(() => trail.names.delete(told.step));
    if (trail.names.size <= MOST) return;
    trail.stride *= 2;
    let before = Number.NEGATIVE_INFINITY;
    const kept = new Set<number>();
    for (const step of [...trail.names.keys()].sort((a, b) => a - b)) {
      if (step < before + trail.stride) continue;
      kept.add(step);
      before = step;
    }
    this.drop(id, trail, (step) => !kept.has(step));
  }

  private drop(job: string, trail: Trail, goes: (step: number) => boolean): void {
    for (const [step, name] of [...trail.names]) {
      if (!goes(step)) continue;
      trail.names.delete(step);
      trail.work = trail.work.then(() => rm(join(this.folder, job, name), { force: true })).catch(() => undefined);
    }
  }

  private async forget(job: string): Promise<void> {
    const known = await this.trails.get(job);
    this.trails.delete(job);
    await known?.work;
    await rm(join(this.folder, job), { recursive: true, force: true }).catch(() => undefined);
  }
}
