/** Holds a run at its gate until somebody lets it go on. */
import type { Steer } from './steer.ts';

/** Closed while a run is held; single steps may pass. */
export class Gate {
  closed = false;
  finished = false;
  private allowed = 0;
  private wake: () => void = () => undefined;

  obey(control: NonNullable<Steer['control']>): void {
    this.closed = control === 'pause' || control === 'step';
    if (control === 'step') this.allowed += 1;
    // Steps that were allowed and not taken are none of the next pause's.
    if (control === 'go') this.allowed = 0;
    if (control === 'finish') this.finished = true;
    this.wake();
  }

  /** Lets the one who waits look round, without opening. */
  stir(): void {
    this.stirred = true;
    this.wake();
  }
  private stirred = false;

  /** Settles when the run may go on; true when somebody only asked it to look round. */
  async passed(signal: AbortSignal): Promise<boolean> {
    while (this.closed && this.allowed === 0 && !signal.aborted && !this.stirred)
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    const stirred = this.stirred;
    this.stirred = false;
    if (!stirred && this.closed) this.allowed -= 1;
    return stirred;
  }
}
