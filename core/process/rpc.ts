/** Calls and streams between two processes: symmetric, cancellable, with back-pressure. Messages are structured clones, so tensors cross as bytes. */
import { setMaxListeners } from 'node:events';
import type { PlainError } from '../errors.ts';
import { failure, plainError, revivedError } from '../errors.ts';

/** One end of a two-way channel. */
export interface Port {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  onClose(listener: (why: string) => void): void;
}

export interface CallContext {
  readonly signal: AbortSignal;
}
/** Answers with a value, or with a stream of them. */
export type Handler = (args: unknown, context: CallContext) => Promise<unknown> | AsyncIterable<unknown>;
export type Handlers = Readonly<Record<string, Handler>>;

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly args: unknown }
  | { readonly kind: 'cancel' | 'taken'; readonly id: number }
  | { readonly kind: 'item' | 'done'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: PlainError };

/** Items of a stream that may be under way before the reader has taken any. */
const WINDOW = 4;

interface Waiting {
  item(value: unknown): void;
  done(value: unknown): void;
  failed(error: Error): void;
}
interface Running {
  readonly abort: AbortController;
  taken(): void;
}

const isIterable = (x: unknown): x is AsyncIterable<unknown> =>
  typeof x === 'object' && x !== null && Symbol.asyncIterator in x;
const isMessage = (m: unknown): m is Message => typeof m === 'object' && m !== null && 'kind' in m && 'id' in m;

export class Peer {
  private readonly port: Port;
  private readonly handlers: Handlers;
  private readonly waiting = new Map<number, Waiting>();
  private readonly running = new Map<number, Running>();
  private next = 0;
  private closed: string | undefined;

  constructor(port: Port, handlers: Handlers = {}) {
    this.port = port;
    this.handlers = handlers;
    port.onMessage((m) => {
      if (isMessage(m)) this.receive(m);
    });
    port.onClose((why) => this.close(why));
  }

  /** How many calls of this end wait for an answer. */
  get pending(): number {
    return this.waiting.size;
  }

  call(method: string, args: unknown, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.begin(method, args, signal, { item: () => undefined, done: resolve, failed: reject });
    });
  }

  /** The items of a stream; leaving the loop early cancels it. The stream's return value is the last item's `value`. */
  async *stream(method: string, args: unknown, signal?: AbortSignal): AsyncGenerator<unknown, unknown> {
    const ready: unknown[] = [];
    let ended: { value: unknown } | { error: Error } | undefined;
    let wake = (): void => undefined;
    const stop = new AbortController();
    const id = this.begin(method, args, signal ? AbortSignal.any([signal, stop.signal]) : stop.signal, {
      item: (value) => {
        ready.push(value);
        wake();
      },
      done: (value) => {
        ended = { value };
        wake();
      },
      failed: (error) => {
        ended = { error };
        wake();
      },
    });
    try {
      for (;;) {
        while (ready.length > 0) {
          const value = ready.shift();
          this.send({ kind: 'taken', id });
          yield value;
        }
        if (ended) {
          if ('error' in ended) throw ended.error;
          return ended.value;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      if (!ended) stop.abort();
    }
  }

  private begin(method: string, args: unknown, signal: AbortSignal | undefined, waiting: Waiting): number {
    const id = this.next++;
    if (this.closed !== undefined) {
      waiting.failed(failure('ENGINE_STOPPED', { what: this.closed }));
      return id;
    }
    if (signal?.aborted) {
      waiting.failed(failure('CANCELLED', {}));
      return id;
    }
    const cancel = (): void => this.send({ kind: 'cancel', id });
    const finish = (): void => {
      this.waiting.delete(id);
      signal?.removeEventListener('abort', cancel);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    this.waiting.set(id, {
      item: waiting.item,
      done: (value) => {
        finish();
        waiting.done(value);
      },
      failed: (error) => {
        finish();
        waiting.failed(error);
      },
    });
    this.send({ kind: 'call', id, method, args });
    return id;
  }

  private receive(m: Message): void {
    if (m.kind === 'call') void this.answer(m.id, m.method, m.args);
    else if (m.kind === 'cancel') this.running.get(m.id)?.abort.abort();
    else if (m.kind === 'taken') this.running.get(m.id)?.taken();
    else if (m.kind === 'item') this.waiting.get(m.id)?.item(m.value);
    else if (m.kind === 'done') this.waiting.get(m.id)?.done(m.value);
    else if (m.kind === 'failed') this.waiting.get(m.id)?.failed(revivedError(m.error));
  }

  private async answer(id: number, method: string, args: unknown): Promise<void> {
    const abort = new AbortController();
    // Each call that is made with it listens: many of them are no leak.
    setMaxListeners(0, abort.signal);
    let room = WINDOW;
    let wake = (): void => undefined;
    this.running.set(id, {
      abort,
      taken: () => {
        room += 1;
        wake();
      },
    });
    abort.signal.addEventListener('abort', () => wake());
    try {
      const handler = this.handlers[method];
      if (!handler) throw failure('INTERNAL', { what: `no handler for "${method}"` });
      const answer = handler(args, { signal: abort.signal });
      if (isIterable(answer)) {
        for await (const value of answer) {
          while (room === 0 && !abort.signal.aborted && this.closed === undefined) {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
          if (abort.signal.aborted || this.closed !== undefined) throw failure('CANCELLED', {});
          room -= 1;
          this.send({ kind: 'item', id, value });
        }
        this.send({ kind: 'done', id, value: undefined });
      } else this.send({ kind: 'done', id, value: await answer });
    } catch (thrown) {
      this.send({ kind: 'failed', id, error: plainError(abort.signal.aborted ? failure('CANCELLED', {}) : thrown) });
    } finally {
      this.running.delete(id);
    }
  }

  private send(message: Message): void {
    if (this.closed === undefined) this.port.send(message);
  }

  private close(why: string): void {
    if (this.closed !== undefined) return;
    this.closed = why;
    for (const w of [...this.waiting.values()]) w.failed(failure('ENGINE_STOPPED', { what: why }));
    for (const r of [...this.running.values()]) r.abort.abort();
  }
}
