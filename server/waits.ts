/** Where runs stand that wait, and how long they will: worked out from those that run and from how long such runs took. */
import type { Durations } from './durations.ts';
import { LANES } from './runs/events.ts';
import type { Job } from './runs/job.ts';

export interface Wait {
  readonly job: Job;
  /** How many will have begun when it has, itself among them; nothing while it is held. */
  readonly place: number | undefined;
  /** Seconds until it begins, where that is known. */
  readonly wait: number | undefined;
}

/** Of each lane for itself, in the order in which runs will be taken: each takes the place of the one that ends first. */
export function waits(
  order: readonly { readonly job: Job; readonly held: boolean }[],
  running: readonly Job[],
  durations: Durations,
): Wait[] {
  const now = Date.now();
  return LANES.flatMap((lane) => {
    // Seconds until a place is free; nothing where that is not known.
    const free = running
      .filter((job) => job.lane === lane)
      .map((job) => {
        const whole = durations.of(job);
        return whole === undefined || job.startedAt === undefined
          ? undefined
          : Math.min(whole, Math.max(0, whole - (now - job.startedAt) / 1000)); // clocks jump
      });
    if (free.length === 0) free.push(0);
    let place = 0;
    return order
      .filter(({ job }) => job.lane === lane)
      .map(({ job, held }): Wait => {
        if (held) return { job, place: undefined, wait: undefined };
        const soonest = free.reduce<number>(
          (best, time, i) => ((time ?? Number.POSITIVE_INFINITY) < (free[best] ?? Number.POSITIVE_INFINITY) ? i : best),
          0,
        );
        const wait = free[soonest];
        const own = durations.of(job);
        free[soonest] = wait === undefined || own === undefined ? undefined : wait + own;
        place += 1;
        return { job, place, wait: wait === undefined ? undefined : Math.round(wait) };
      });
  });
}
