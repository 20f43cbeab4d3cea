import { describe, expect, it } from 'vitest';
import { Durations } from '../../server/durations.ts';
import type { Lane } from '../../server/runs/events.ts';
import type { Job } from '../../server/runs/job.ts';
import { waits } from '../../server/waits.ts';

const job = (steps: number, lane: Lane = 'long', startedAt?: number): Job =>
  ({ id: `${steps}`, lane, plugin: { id: 'p' }, parameters: { steps }, startedAt }) as unknown as Job; // what is looked at here
const durations = new Durations();
for (const steps of [10, 20, 60]) durations.took(job(steps), steps);
const ago = (seconds: number): number => Date.now() - 1000 * seconds;
const told = (waiting: readonly Job[], running: readonly Job[], held: readonly Job[] = []) =>
  waits(
    waiting.map((one) => ({ job: one, held: held.includes(one) })),
    running,
    durations,
  ).map(({ place, wait }) => [place, wait]);

describe('runs that wait', () => {
  it('are told what is left of the one that runs, and the whole of those before them', () => {
    expect(told([job(20), job(10)], [job(60, 'long', ago(50))])).toEqual([
      [1, 10],
      [2, 30],
    ]);
  });
  it('take the place of whichever of several ends first', () => {
    const running = [job(60, 'long', ago(0)), job(20, 'long', ago(15))];
    expect(told([job(10), job(10), job(60)], running)).toEqual([
      [1, 5],
      [2, 15],
      [3, 25],
    ]);
  });
  it('are told no time where one before them was never measured', () => {
    expect(told([job(10)], [job(77, 'long', ago(5))])).toEqual([[1, undefined]]);
    expect(told([job(77), job(10)], [])).toEqual([
      [1, 0],
      [2, undefined],
    ]);
  });
  it('of one lane wait for none of the other, nor for those that are held', () => {
    const held = job(20);
    expect(told([held, job(10), job(60, 'short')], [job(60, 'long', ago(50))], [held])).toEqual([
      [undefined, undefined],
      [1, 10],
      [1, 0],
    ]);
  });
  it('are told no nonsense after a clock has jumped', () => {
    expect(told([job(10)], [job(60, 'long', ago(-86_400))])).toEqual([[1, 60]]);
    expect(told([job(10)], [job(60, 'long', ago(86_400))])).toEqual([[1, 0]]);
    const measured = new Durations();
    measured.took(job(10), -3600);
    expect(measured.of(job(10))).toBeUndefined();
  });
});
