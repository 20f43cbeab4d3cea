/**
 * A process that opens pictures for others. A picture may take it so long and so much memory, and no more: one that takes more ends the process, is
 * refused, and what else was under way there begins again in another.
 */
import { failure, plainError } from '../errors.ts';
import { type Child, entryBeside, startChild } from '../process/child.ts';
import { watchResident } from '../process/resident.ts';
import { Peer } from '../process/rpc.ts';
import { MIB } from '../schemas.ts';
import type { ImageJob } from './job.ts';
import type { SketchJob } from './sketch-job.ts';

const SECONDS = 20;
const MEMORY_LIMIT = 3072 * MIB;
/** Pictures that are opened at once. */
const AT_ONCE = 2;
const IDLE_MS = 30_000;
/** How often a picture is begun that shared its process with one that ended it. */
const TRIES = 3;

interface Waiting {
  readonly method: 'image' | 'sketch';
  readonly job: ImageJob | SketchJob;
  readonly label: string;
  tries: number;
  /** Whether it is to have the process for itself, since nobody knows who ended the last. */
  alone: boolean;
  resolve(value: unknown): void;
  reject(thrown: unknown): void;
}
interface Room {
  readonly child: Child;
  readonly peer: Peer;
  why: 'memory' | 'time' | undefined;
}

export class Darkroom {
  private readonly seconds: number;
  private readonly queue: Waiting[] = [];
  private readonly busy = new Set<Waiting>();
  private room: Room | undefined;
  private idle: NodeJS.Timeout | undefined;

  /** `seconds` that a picture may take. */
  constructor(seconds = SECONDS) {
    this.seconds = seconds;
  }

  /** Throws PICTURE_UNREADABLE, PICTURE_TOO_LARGE. */
  image(job: ImageJob): Promise<unknown> {
    return this.add('image', job, job.label);
  }
  sketch(job: SketchJob): Promise<unknown> {
    return this.add('sketch', job, 'a sketch');
  }

  /** Ends the process; whoever asks next gets another. */
  close(): void {
    clearTimeout(this.idle);
    this.room?.child.kill();
    this.room = undefined;
  }

  private add(method: Waiting['method'], job: Waiting['job'], label: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.queue.push({ method, job, label, tries: 0, alone: false, resolve, reject });
      this.next();
    });
  }

  private next(): void {
    while (this.queue.length > 0 && this.busy.size < AT_ONCE) {
      const [first] = this.queue;
      if (!first || [...this.busy].some((w) => w.alone) || (first.alone && this.busy.size > 0)) return;
      this.queue.shift();
      void this.work(first);
    }
    if (this.busy.size > 0 || !this.room) return;
    this.room.child.unref();
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.close(), IDLE_MS).unref();
  }

  private open(): Room {
    clearTimeout(this.idle);
    if (!this.room) {
      const child = startChild(entryBeside(import.meta.url, 'main'), { bare: true });
      const room: Room = { child, peer: new Peer(child.port), why: undefined };
      const stop = watchResident(child.pid, MEMORY_LIMIT, () => {
        room.why ??= 'memory';
        child.kill();
      });
      void child.ended.then(() => {
        stop();
        if (this.room === room) this.room = undefined;
      });
      this.room = room;
    }
    this.room.child.ref();
    return this.room;
  }

  private async work(one: Waiting): Promise<void> {
    this.busy.add(one);
    const room = this.open();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      room.why ??= 'time';
      if (this.room === room) this.room = undefined;
      room.child.kill();
    }, 1000 * this.seconds);
    try {
      one.resolve(await room.peer.call(one.method, one.job));
    } catch (thrown) {
      if (plainError(thrown).code !== 'ENGINE_STOPPED') one.reject(thrown);
      else this.stopped(one, room, late);
    } finally {
      clearTimeout(timer);
      this.busy.delete(one);
      this.next();
    }
  }

  /** The process has ended under a picture: it was this one's fault, or that of another that was opened beside it. */
  private stopped(one: Waiting, room: Room, late: boolean): void {
    // It has ended, though that may not have been told yet.
    if (this.room === room) this.room = undefined;
    one.tries += 1;
    const own = late || (room.why !== 'time' && (one.alone || one.tries >= TRIES));
    if (own) {
      one.reject(failure('PICTURE_UNREADABLE', { picture: one.label, what: this.fault(room) }));
      return;
    }
    one.alone = room.why !== 'time';
    this.queue.unshift(one);
  }

  private fault({ why }: Room): string {
    if (why === 'time') return `opening it takes more than ${this.seconds} s`;
    if (why === 'memory') return `opening it takes more than ${MEMORY_LIMIT / MIB} MiB of memory`;
    return 'opening it ends the process that does so';
  }
}

let shared: Darkroom | undefined;
/** The darkroom of this process. It starts with the first picture, and ends a while after the last. */
export function darkroom(): Darkroom {
  shared ??= new Darkroom();
  return shared;
}
