/** What is told to a loop that goes on: taken when it looks round, or waited for while it has nothing else to do. */
export class Inbox<T> {
  private readonly items: T[] = [];
  private wake: () => void = () => undefined;

  push(item: T): void {
    this.items.push(item);
    this.wake();
  }

  take(): T | undefined {
    return this.items.shift();
  }

  /** Settles when there is something to take, or the signal aborts. */
  async ready(signal: AbortSignal): Promise<void> {
    if (this.items.length > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      signal.addEventListener('abort', this.wake, { once: true });
    });
    signal.removeEventListener('abort', this.wake);
    this.wake = () => undefined;
  }
}
