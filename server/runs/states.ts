/** States of one run, as they come: the newest is written, but not all the time, and of those that are written some are kept. */
import { decodeCheckpoint, encodeCheckpoint, heldBy } from '../../core/index.ts';

import type { KeptCheckpoint } from './events.ts';

/** The newest state of a run is written no more often than this, and less often when it is large: so long for each byte. */
const EVERY_MS = 2000;
const MS_PER_BYTE = 1000 / (4 << 20);
/** States of one run that outlast the process; when there are more, every second one goes, but never the newest. */
const KEPT = 16;
/** Of large states fewer: so many bytes of one run. */
const KEPT_BYTES = 64 << 20;

/** Where they are written. */
export interface Shelf {
  write(step: number, blob: Uint8Array): Promise<void>;
  /** The smallest first. */
  steps(): Promise<readonly number[]>;
  drop(steps: readonly number[]): Promise<void>;
}

export const encodedState = ({ checkpoint, script }: KeptCheckpoint): Uint8Array =>
  encodeCheckpoint({ checkpoint, script, chart: [] });

/** Nothing where it is missing or damaged. */
export function stateIn(blob: Uint8Array | undefined): KeptCheckpoint | undefined {
  try {
    const found = blob && decodeCheckpoint(blob);
    return found && { checkpoint: found.checkpoint, script: [...found.script] };
  } catch {
    return undefined;
  }
}

export class StateWriter {
  private readonly shelf: Shelf;
  /** Told what could not be written; the run goes on. */
  private readonly failed: (thrown: unknown) => void;
  private due: { readonly state: KeptCheckpoint; readonly timer: NodeJS.Timeout } | undefined;
  private writtenAt = 0;
  /** One after the other. */
  private last: Promise<void> = Promise.resolve();

  constructor(shelf: Shelf, failed: (thrown: unknown) => void) {
    this.shelf = shelf;
    this.failed = failed;
  }

  /** `now` has it written when this settles. */
  async keep(state: KeptCheckpoint, now = false): Promise<void> {
    this.notDue();
    const wait = now ? 0 : this.writtenAt + EVERY_MS + heldBy(state.checkpoint) * MS_PER_BYTE - performance.now();
    if (wait <= 0) return this.write(state);
    const timer = setTimeout(() => void this.write(state), wait).unref();
    this.due = { state, timer };
  }

  /** States of later steps are none of the run's. */
  wentBack(step: number): Promise<void> {
    if (this.due && this.due.state.checkpoint.step > step) this.notDue();
    return this.next(async () => this.shelf.drop((await this.shelf.steps()).filter((s) => s > step)));
  }

  /** What is still to be written is, when this settles. */
  async flush(): Promise<void> {
    if (this.due) await this.write(this.due.state);
    await this.last;
  }

  /** Nothing more is to be written. */
  notDue(): void {
    clearTimeout(this.due?.timer);
    this.due = undefined;
  }

  private write(state: KeptCheckpoint): Promise<void> {
    this.notDue();
    this.writtenAt = performance.now();
    return this.next(async () => {
      const blob = encodedState(state);
      await this.shelf.write(state.checkpoint.step, blob);
      const steps = await this.shelf.steps();
      if (steps.length > Math.max(2, Math.min(KEPT, KEPT_BYTES / blob.byteLength)))
        await this.shelf.drop(steps.filter((_, i) => i % 2 === 1 && i < steps.length - 1));
    });
  }

  private next(work: () => Promise<void>): Promise<void> {
    this.last = this.last.then(work).catch(this.failed);
    return this.last;
  }
}
