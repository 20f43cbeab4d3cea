/** Makes guessing slow: each wrong token of an address makes its next try wait longer. Nobody else waits. */
import { setTimeout } from 'node:timers/promises';
import { failure } from '../../core/index.ts';

const FIRST_MS = 250;
const LONGEST_MS = 10_000;
/** Tries of one address that may wait at once. */
const WAITING = 8;
/** Addresses that are remembered, and for how long. */
const REMEMBERED = 10_000;
const FORGET_MS = 15 * 60_000;

interface Tries {
  wrong: number;
  /** When the next may be answered, in milliseconds of this process's clock. */
  free: number;
  waiting: number;
}

export class Slowness {
  private readonly tries = new Map<string, Tries>();

  /** Settles when it is this address's turn. Throws TRIES_TOO_MANY. */
  async turn(from: string): Promise<void> {
    const known = this.tries.get(from);
    if (!known) return;
    const wait = known.free - performance.now();
    if (wait <= 0) return;
    if (known.waiting >= WAITING) throw failure('TRIES_TOO_MANY', {});
    known.waiting += 1;
    // Those that wait are let in one after the other.
    known.free += this.pauseAfter(known.wrong);
    await setTimeout(wait);
    known.waiting -= 1;
  }

  failed(from: string): void {
    const known = this.tries.get(from) ?? { wrong: 0, free: 0, waiting: 0 };
    known.wrong += 1;
    known.free = Math.max(known.free, performance.now() + this.pauseAfter(known.wrong));
    this.tries.delete(from);
    this.tries.set(from, known);
    this.forget();
  }

  private pauseAfter(wrong: number): number {
    return Math.min(LONGEST_MS, FIRST_MS * 2 ** (wrong - 1));
  }

  private forget(): void {
    const long = performance.now() - FORGET_MS;
    for (const [from, { free, waiting }] of this.tries) {
      if (this.tries.size <= REMEMBERED && free > long) return;
      if (waiting === 0) this.tries.delete(from);
    }
  }
}
