/** What a plugin sends, with what its host says in between as soon as it is said. What is sent waits until it is taken. */
import { Inbox } from '../process/inbox.ts';

type Told<T> =
  | { readonly item: T; readonly taken?: () => void }
  | { readonly ended: true }
  | { readonly thrown: unknown };

export class Between<T> {
  private readonly told = new Inbox<Told<T>>();

  say(item: T): void {
    this.told.push({ item });
  }

  /** All that is sent and said, in order, until the sender ends. Throws what the sender throws, after all that came before it. */
  async *all(sent: AsyncGenerator<T>): AsyncGenerator<T, void, void> {
    const stopped = new AbortController();
    let release = (): void => undefined;
    const pump = async (): Promise<void> => {
      try {
        for await (const item of sent) {
          if (stopped.signal.aborted) return;
          // The sender is asked for more when this one has been dealt with: who reads slowly is sent little.
          await new Promise<void>((taken) => {
            release = taken;
            this.told.push({ item, taken });
          });
        }
        this.told.push({ ended: true });
      } catch (thrown) {
        this.told.push({ thrown });
      }
    };
    void pump();
    try {
      for (;;) {
        await this.told.ready(stopped.signal);
        const one = this.told.take();
        if (!one) continue;
        if ('thrown' in one) throw one.thrown;
        if ('ended' in one) return;
        yield one.item;
        one.taken?.();
      }
    } finally {
      stopped.abort();
      release();
    }
  }
}
