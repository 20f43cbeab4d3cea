/** A run that this process has taken: what it writes is refused as soon as another has taken it over. */
import { failure, type Steer } from '../../core/index.ts';
import { isLasting, isPassing, type KeptCheckpoint, type RunEvent } from '../runs/events.ts';
import { StateWriter } from '../runs/states.ts';
import type { Known, Lease, Stopped } from '../runs/store.ts';
import type { Connection, Script } from './connection.ts';
import { passedMessage, stepsIn } from './feed.ts';
import { APPEND, DROP, HOLDS, KEEP } from './scripts.ts';
import type { Talk } from './talk.ts';

/** How often it is looked whether the run is still this process's, and whether somebody wants it stopped. */
const LOOK_MS = 2000;

interface Taken {
  readonly connection: Connection;
  readonly talk: Talk;
  /** Grows whenever the run is taken. */
  readonly number: number;
  readonly run: Known;
  /** How many entries there are of it. */
  readonly length: number;
  newest(): Promise<KeptCheckpoint | undefined>;
}

export class RedisLease implements Lease {
  readonly id: string;
  readonly events: readonly RunEvent[];
  readonly newest: () => Promise<KeptCheckpoint | undefined>;
  private readonly taken: Taken;
  private readonly states: StateWriter;
  private readonly abort = new AbortController();
  private steering: ((steer: Steer) => Promise<boolean>) | undefined;
  private next: number;
  private readonly timer: NodeJS.Timeout;

  constructor(taken: Taken, say: (thrown: unknown) => void) {
    const { id, events } = taken.run;
    this.taken = taken;
    this.id = id;
    this.events = events;
    this.newest = taken.newest;
    this.next = taken.length;
    this.states = new StateWriter(
      {
        steps: () => stepsIn(taken.connection.patient, id),
        write: async (step, blob) => void (await this.fenced(KEEP, step, Buffer.from(blob))),
        drop: async (gone) => void (gone.length > 0 && (await this.fenced(DROP, ...gone))),
      },
      say,
    );
    this.timer = setInterval(() => void this.look(), LOOK_MS).unref();
  }

  /** How it is steered from elsewhere, and what was asked before anybody listened. */
  async open(): Promise<void> {
    await this.taken.talk.listen(this.id, {
      steer: (steer) => this.steering?.(steer) ?? Promise.resolve(false),
      look: () => void this.look(),
    });
    await this.look();
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  async append(event: RunEvent): Promise<void> {
    if (isPassing(event)) {
      this.taken.talk.pass(passedMessage(this.id, event));
      return;
    }
    const place = this.next++;
    const written = this.fenced(APPEND, place, JSON.stringify(event), event.type === 'ended' ? '1' : '0');
    // What may be lost is written in its order, and nobody waits for it.
    if (isLasting(event)) await written;
    else void written.catch(() => undefined);
  }

  async keep(state: KeptCheckpoint, now: boolean): Promise<void> {
    await this.states.keep(state, now);
    this.taken.talk.pass(passedMessage(this.id, { type: 'kept', step: state.checkpoint.step }));
  }
  wentBack(step: number): Promise<void> {
    return this.states.wentBack(step);
  }
  listen(steer: ((steer: Steer) => Promise<boolean>) | undefined): void {
    this.steering = steer;
  }

  stop(why: Stopped): void {
    if (why === 'lost') this.states.notDue();
    this.abort.abort(why);
  }

  /** All that is to be written is. */
  async end(): Promise<void> {
    clearInterval(this.timer);
    await this.taken.talk.deaf(this.id);
    if (this.abort.signal.reason !== 'lost') await this.states.flush();
  }

  private async look(): Promise<void> {
    const found = await this.taken.connection.insist(HOLDS, this.id, this.taken.number).catch(() => 1);
    if (found === 0) this.stop('lost');
    if (found === 2) this.stop('cancelled');
  }

  private async fenced(script: string, ...values: (string | number | Buffer)[]): Promise<void> {
    const insist: Script = this.taken.connection.insist;
    if ((await insist(script, this.id, this.taken.number, ...values)) !== 0) return;
    this.stop('lost');
    throw failure('CANCELLED', {});
  }
}
