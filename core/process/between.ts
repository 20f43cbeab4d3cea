/** What one end sends, with what the other says in between as soon as it is said. What is sent waits until it is taken. */
import { Inbox } from './inbox.ts';

/** Of what comes while it may not be made to wait, so many bytes are kept. */
const KEPT = 32 * 1024 * 1024;

type Told<T> =
  | { readonly item: T; readonly taken?: () => void }
  | { readonly ended: true }
  | { readonly thrown: unknown };

export class Between<T> {
  private readonly told = new Inbox<Told<T>>();
  private readonly weightOf: (item: T) => number;
  /** Bytes that are kept until they are taken. */
  private kept = 0;
  private hurries = 0;
  private goOn = (): void => undefined;
  /** Lets the sender go on where what it sent may be kept. */
  private hurry = (): void => undefined;

  /** `weightOf` gives the bytes of what may be kept until it is taken, and Infinity for what always waits. */
  constructor(weightOf: (item: T) => number = () => Number.POSITIVE_INFINITY) {
    this.weightOf = weightOf;
  }

  say(item: T): void {
    this.told.push({ item });
  }

  /**
   * While the sender works at something that was asked of it, what it sends is kept rather than made to wait: who takes it may be who waits for the
   * answer, which the sender gives when it has got on.
   */
  async meanwhile<R>(work: () => Promise<R>): Promise<R> {
    this.hurries += 1;
    this.hurry();
    try {
      return await work();
    } finally {
      this.hurries -= 1;
    }
  }

  /** Settles when the item has been taken, or is kept until it is. It is weighed only where something is to be kept. */
  private handed(item: T): Promise<void> {
    return new Promise((goOn) => {
      let weight: number | undefined;
      this.goOn = goOn;
      this.hurry = () => {
        const heavy = this.hurries > 0 ? this.weightOf(item) : Number.POSITIVE_INFINITY;
        if (this.kept + heavy > KEPT) return;
        weight = heavy;
        this.kept += heavy;
        this.hurry = () => undefined;
        goOn();
      };
      const taken = (): void => {
        // What was not kept is what the sender waits with.
        if (weight === undefined) this.hurry = () => undefined;
        else this.kept -= weight;
        goOn();
      };
      this.told.push({ item, taken });
      this.hurry();
    });
  }

  /** All that is sent and said, in order, until the sender ends. Throws what the sender throws, after all that came before it. */
  async *all(sent: AsyncGenerator<T>): AsyncGenerator<T, void, void> {
    const stopped = new AbortController();
    const pump = async (): Promise<void> => {
      try {
        for await (const item of sent) {
          if (stopped.signal.aborted) return;
          // The sender is asked for more when this one has been dealt with: who reads slowly is sent little.
          await this.handed(item);
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
      this.goOn();
    }
  }
}
