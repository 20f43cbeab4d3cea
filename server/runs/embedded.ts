/** Runs of one process: in a journal on its disk, with the queue in its memory. */
import { failure, heldBy, type Journal, type Steer } from '../../core/index.ts';
import { FairQueue } from '../queue.ts';
import { type Accepted, type KeptCheckpoint, LANES, type Lane, type RunEvent } from './events.ts';
import { isGoing, jobOf } from './job.ts';
import { RunLog } from './log.ts';
import { encodedState, StateWriter, stateIn } from './states.ts';
import {
  type Follower,
  type Known,
  type Lease,
  type RunStore,
  type Stopped,
  WAITING,
  type Waiting,
  type Work,
  type Working,
} from './store.ts';

interface Queued extends Waiting {
  readonly by: string;
}

/** States that are held in memory of one run; when there are more, every second one goes. */
const HELD = 64;
const HELD_BYTES = 256 << 20;

export class EmbeddedRuns implements RunStore {
  private readonly journal: Journal;
  private readonly log: RunLog;
  private readonly queues: Readonly<Record<Lane, FairQueue<Queued>>> = {
    long: new FairQueue(),
    short: new FairQueue(),
  };
  private readonly leases = new Map<string, OwnLease>();
  /** All states of runs that this process worked on; the journal has some of them. */
  private readonly states = new Map<string, KeptCheckpoint[]>();
  /** Those that wait for something to do. */
  private readonly idle = new Set<() => void>();
  private follower: Follower | undefined;

  constructor(journal: Journal, say: (line: string) => void) {
    this.journal = journal;
    this.log = new RunLog(journal, say);
  }

  /** What waited waits in its place; what ran comes before all that waits. */
  async follow(follower: Follower): Promise<{ readonly runs: readonly Known[]; readonly unreadable: number }> {
    this.follower = follower;
    const { runs, unreadable } = this.log.recall();
    const jobs = runs.flatMap((run) => jobOf(run) ?? []).filter(isGoing);
    // One that was taken up waits again, and was interrupted all the same.
    const began = jobs.filter(({ state, takenUpAt }) => state === 'running' || takenUpAt !== undefined);
    for (const job of jobs) if (!began.includes(job)) this.queues[job.lane].add(job);
    for (const job of began.toReversed()) this.queues[job.lane].addFirst(job);
    this.moved();
    return { runs, unreadable };
  }

  async ready(): Promise<boolean> {
    return true;
  }

  async accept(id: string, accepted: Accepted, begins?: KeptCheckpoint): Promise<void> {
    const { by, lane } = accepted;
    const queues = LANES.map((name) => this.queues[name]);
    const sum = (count: (queue: FairQueue<Queued>) => number): number => queues.reduce((n, q) => n + count(q), 0);
    if (sum((queue) => queue.of(by)) >= WAITING.yours)
      throw failure('JOBS_FULL', { limit: WAITING.yours, whose: 'yours' });
    if (sum(({ length }) => length) >= WAITING.all) throw failure('JOBS_FULL', { limit: WAITING.all, whose: 'all' });
    // The state first: what is accepted is flushed, and that with it.
    if (begins) this.journal.keep(id, begins.checkpoint.step, encodedState(begins));
    this.log.append(id, accepted);
    if (begins) this.states.set(id, [begins]);
    this.follower?.known({ id, events: [accepted], kept: begins ? [begins.checkpoint.step] : [] });
    this.queues[lane].add({ id, by, lane, held: false });
    this.moved();
  }

  async cancel(id: string, ended: RunEvent): Promise<void> {
    const [queue, item] = this.waiting(id);
    if (queue && item) {
      queue.remove(item);
      this.happens(id, ended);
      this.moved();
    }
    this.leases.get(id)?.stop('cancelled');
  }

  async steer(id: string, steer: Steer): Promise<boolean> {
    return (await this.leases.get(id)?.steer(steer)) ?? false;
  }

  async hold(id: string, held: boolean): Promise<boolean> {
    const [queue, item] = this.waiting(id);
    if (!(queue && item)) return false;
    if (item.held === held) return true;
    queue.replace(item, { ...item, held });
    this.happens(id, { type: 'held', held });
    this.moved();
    return true;
  }

  async moveUp(id: string): Promise<boolean> {
    const [queue, item] = this.waiting(id);
    if (item) queue?.moveUp(item);
    this.moved();
    return item !== undefined;
  }

  async state(id: string, step: number): Promise<KeptCheckpoint | undefined> {
    const held = this.states.get(id)?.findLast(({ checkpoint }) => checkpoint.step <= step);
    if (held) return held;
    for (const at of this.journal.blobs(id).toReversed())
      if (at <= step) {
        const read = stateIn(this.journal.blob(id, at));
        if (read) return read;
      }
    return undefined;
  }

  async forgetStates(id: string): Promise<void> {
    this.states.delete(id);
    this.log.atBest(() => this.journal.drop(id, this.journal.blobs(id)));
  }

  async forget(id: string): Promise<void> {
    this.states.delete(id);
    this.log.atBest(() => this.log.forget(id));
    this.follower?.forgotten(id);
  }

  work(lane: Lane, work: Work): Working {
    const closing = new AbortController();
    let current: OwnLease | undefined;
    const loop = async (): Promise<void> => {
      while (!closing.signal.aborted) {
        const next = this.queues[lane].take();
        if (!next) {
          await this.somethingNew(closing.signal);
          continue;
        }
        const lease = new OwnLease(next.id, this);
        current = lease;
        this.leases.set(next.id, lease);
        this.moved();
        await work(lease).catch(this.log.failed);
        await lease.end();
        this.leases.delete(next.id);
      }
    };
    const working = loop();
    return {
      close: () => {
        closing.abort();
        current?.stop('closing');
        return working;
      },
    };
  }

  async close(): Promise<void> {
    this.log.atBest(() => this.log.flush());
    this.journal.close();
  }

  /** For leases. */
  eventsOf(id: string): readonly RunEvent[] {
    return this.log.of(id);
  }
  happens(id: string, event: RunEvent): void {
    this.log.atBest(() => this.log.append(id, event));
    this.follower?.happened(id, event);
  }
  statesOf(id: string): StateWriter {
    const { journal } = this;
    return new StateWriter(
      {
        write: async (step, blob) => journal.keep(id, step, blob),
        steps: async () => journal.blobs(id),
        drop: async (steps) => journal.drop(id, steps),
      },
      this.log.failed,
    );
  }
  holds(id: string, state: KeptCheckpoint): void {
    let all = [...(this.states.get(id) ?? []), state];
    const bytes = (): number => all.reduce((sum, { checkpoint }) => sum + heldBy(checkpoint), 0);
    while (all.length > HELD || (all.length > 1 && bytes() > HELD_BYTES)) all = all.filter((_, i) => i % 2 === 0);
    this.states.set(id, all);
    this.follower?.happened(id, { type: 'kept', step: state.checkpoint.step });
  }
  wentBack(id: string, step: number): void {
    this.states.set(id, this.states.get(id)?.filter(({ checkpoint }) => checkpoint.step <= step) ?? []);
  }

  private waiting(id: string): [FairQueue<Queued>, Queued] | [] {
    for (const lane of LANES) {
      const item = this.queues[lane].find(id);
      if (item) return [this.queues[lane], item];
    }
    return [];
  }

  private moved(): void {
    this.follower?.queued(LANES.flatMap((lane) => this.queues[lane].order()));
    for (const wake of this.idle) wake();
  }

  private somethingNew(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.idle.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.idle.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}

class OwnLease implements Lease {
  readonly id: string;
  readonly events: readonly RunEvent[];
  private readonly runs: EmbeddedRuns;
  private readonly states: StateWriter;
  private readonly abort = new AbortController();
  private steering: ((steer: Steer) => Promise<boolean>) | undefined;

  constructor(id: string, runs: EmbeddedRuns) {
    this.id = id;
    this.runs = runs;
    this.events = runs.eventsOf(id);
    this.states = runs.statesOf(id);
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }
  newest(): Promise<KeptCheckpoint | undefined> {
    return this.runs.state(this.id, Number.POSITIVE_INFINITY);
  }
  async append(event: RunEvent): Promise<void> {
    this.runs.happens(this.id, event);
  }
  async keep(state: KeptCheckpoint, now: boolean): Promise<void> {
    this.runs.holds(this.id, state);
    await this.states.keep(state, now);
  }
  wentBack(step: number): Promise<void> {
    this.runs.wentBack(this.id, step);
    return this.states.wentBack(step);
  }
  listen(steer: ((steer: Steer) => Promise<boolean>) | undefined): void {
    this.steering = steer;
  }

  steer(steer: Steer): Promise<boolean> {
    return this.steering?.(steer) ?? Promise.resolve(false);
  }
  stop(why: Stopped): void {
    this.abort.abort(why);
  }
  end(): Promise<void> {
    return this.states.flush();
  }
}
