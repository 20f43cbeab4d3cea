/**
 * Where runs are kept, and the queue by which they reach whoever works on them. Watchers and workers know each other by this alone: what people ask goes
 * in at one side, what a worker tells comes out at the other, whether both are one process or stand on different machines.
 */
import type { Steer } from '../../core/index.ts';
import type { Accepted, KeptCheckpoint, Lane, RunEvent } from './events.ts';

/** Runs that may wait: of one person, so that nobody locks the others out, and of all. */
export const WAITING = { yours: 20, all: 200 } as const;

/** A run that waits. */
export interface Waiting {
  readonly id: string;
  readonly lane: Lane;
  /** Whether it lets others go by. */
  readonly held: boolean;
}

export interface Known {
  readonly id: string;
  readonly events: readonly RunEvent[];
  /** Steps of the states that are kept of it, the smallest first. */
  readonly kept: readonly number[];
}

/** Told of what happens to runs. */
export interface Follower {
  /** Each event once, and those that are remembered in their order. */
  happened(id: string, event: RunEvent): void;
  /** All that wait, in the order in which they will be taken if nobody comes. */
  queued(order: readonly Waiting[]): void;
  /** What is known of a run is this, whatever was told before. */
  known(run: Known): void;
  forgotten(id: string): void;
}

/** Why a run that is worked on has to stop. */
export type Stopped =
  /** Somebody wants it to. */
  | 'cancelled'
  /** The process ends; the run goes on in another. */
  | 'closing'
  /** Another has taken it over: nothing more is to be written. */
  | 'lost';

/** A run, as one worker and no other has it. */
export interface Lease {
  readonly id: string;
  /** What happened to it before. */
  readonly events: readonly RunEvent[];
  /** Aborted with one of `Stopped` as its reason. */
  readonly signal: AbortSignal;
  /** The newest state that it can go on from. */
  newest(): Promise<KeptCheckpoint | undefined>;
  /** Kept when this settles where the event is lasting, and told. Goes on where nothing can be written. */
  append(event: RunEvent): Promise<void>;
  /** `now`: nothing that was done before may be lost. */
  keep(state: KeptCheckpoint, now: boolean): Promise<void>;
  /** States of later steps are none of it. */
  wentBack(step: number): Promise<void>;
  /** How the run is steered while it is worked on; nothing when it is not any more. */
  listen(steer: ((steer: Steer) => Promise<boolean>) | undefined): void;
}

/** Works on a run until it has ended, or its lease was stopped. Never rejects. */
export type Work = (lease: Lease) => Promise<void>;

export interface Working {
  /** Takes no more, stops what runs so that another goes on with it, and waits until that is done. */
  close(): Promise<void>;
}

export interface RunStore {
  /** Whether it can be reached. */
  ready(): Promise<boolean>;
  /** All runs, the oldest first; from then on the follower is told. Called once. */
  follow(follower: Follower): Promise<{ readonly runs: readonly Known[]; readonly unreadable: number }>;
  /** Kept when this settles, with the state that it begins with where that is not the beginning; the follower knows it. Throws JOBS_FULL, JOURNAL_FAILED, STORE_LOST. */
  accept(id: string, accepted: Accepted, begins?: KeptCheckpoint): Promise<void>;
  /** One that waits is ended with this event; a worker is told to stop one that runs. */
  cancel(id: string, ended: RunEvent): Promise<void>;
  /** Whether whoever works on the run took it. Throws what the run says of it, STORE_LOST. */
  steer(id: string, steer: Steer): Promise<boolean>;
  /** Lets the others by, or not any more. Whether it waits. */
  hold(id: string, held: boolean): Promise<boolean>;
  /** Before all else that the same person has waiting. Whether it waits. */
  moveUp(id: string): Promise<boolean>;
  /** The newest state of a step that is not later. */
  state(id: string, step: number): Promise<KeptCheckpoint | undefined>;
  forgetStates(id: string): Promise<void>;
  forget(id: string): Promise<void>;
  /** Takes runs of the lane, one after the other, and has them worked on. */
  work(lane: Lane, work: Work): Working;
  close(): Promise<void>;
}
