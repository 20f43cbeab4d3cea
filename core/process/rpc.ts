/**
 * Calls and streams between two processes: symmetric, cancellable, with back-pressure. What arrives may come from a plugin of somebody else: every
 * message is parsed, and an end that breaks the rules is closed.
 */
import { setMaxListeners } from 'node:events';
import { z } from 'zod';
import { failure, plainError, plainErrorSchema, revivedError } from '../errors.ts';
import { issuesOf, MIB } from '../schemas.ts';

/** One end of a two-way channel. */
export interface Port {
  /** Throws MESSAGE_TOO_LARGE. */
  send(message: unknown): void;
  /** `size` is the message's, in bytes. */
  onMessage(listener: (message: unknown, size: number) => void): void;
  onClose(listener: (why: string) => void): void;
  /** Ends the channel, because the other end breaks its rules. */
  fail(why: string): void;
  /** Settles when the other end has taken most of what it was sent. */
  room?(): Promise<unknown>;
}

export interface CallContext {
  readonly signal: AbortSignal;
}
/** Answers with a value, or with a stream of them. */
export type Handler = (args: unknown, context: CallContext) => Promise<unknown> | AsyncIterable<unknown>;
export type Handlers = Readonly<Record<string, Handler>>;

const id = z.int().nonnegative();
const messageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('call'), id, method: z.string().max(64), args: z.unknown().optional() }),
  z.object({ kind: z.enum(['cancel', 'taken']), id }),
  z.object({ kind: z.enum(['item', 'done']), id, value: z.unknown().optional() }),
  z.object({ kind: z.literal('failed'), id, error: plainErrorSchema }),
]);
type Message = z.output<typeof messageSchema>;

/** Items of a stream that may be under way before the reader has taken any. */
const WINDOW = 4;
/** Calls of the other end that may be worked on at once, and the bytes that they may have brought. */
const MOST_RUNNING = 1024;
const MOST_BYTES = 512 * MIB;

/** Heavy calls that are worked on at once; each counts until its answer has been taken. */
const LANES = 2;

/** What is done about a cancelled call that goes on. */
export interface Patience {
  readonly ms: number;
  readonly late: () => void;
}

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

/** What a handler throws; arguments that it cannot parse are the fault of who called. */
const asked = (method: string, thrown: unknown): unknown =>
  thrown instanceof z.ZodError ? failure('REQUEST_INVALID', { method, what: issuesOf(thrown) }, thrown) : thrown;

/** The cause is why, for those who say it in other words. */
const stopped = (why: string) => failure('ENGINE_STOPPED', { what: why }, why);

export class Peer {
  private readonly port: Port;
  private readonly handlers: Handlers;
  private readonly waiting = new Map<number, Waiting>();
  private readonly running = new Map<number, Running>();
  private next = 0;
  private closed: string | undefined;
  private readonly patience: Patience | undefined;
  /** Calls that were cancelled and are not answered yet. */
  private readonly cancelled = new Map<number, NodeJS.Timeout | undefined>();
  private settle: (() => void)[] = [];
  private bytes = 0;
  private readonly heavy: ReadonlySet<string>;
  private lanes = LANES;
  private readonly queue: (() => void)[] = [];

  /** With `patience`, a cancelled call that is not answered in time is told of. `heavy` calls of the other end have large answers: few at once. */
  constructor(port: Port, handlers: Handlers = {}, patience?: Patience, heavy: readonly string[] = []) {
    this.heavy = new Set(heavy);
    this.port = port;
    this.handlers = handlers;
    this.patience = patience;
    port.onMessage((message, size) => {
      const parsed = messageSchema.safeParse(message);
      if (parsed.success) this.receive(parsed.data, size);
      else this.refuse(`it sent a message that is none (${issuesOf(parsed.error)})`);
    });
    port.onClose((why) => this.close(why));
  }

  /** Whether a cancelled call goes on at the other end. */
  get settling(): boolean {
    return this.cancelled.size > 0;
  }

  /** Settles when no cancelled call goes on at the other end any more. */
  settled(): Promise<void> {
    if (this.cancelled.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.settle.push(resolve);
    });
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
        if (ready.length > WINDOW) this.refuse('it sent more of a stream than was asked for');
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
      waiting.failed(stopped(this.closed));
      return id;
    }
    if (signal?.aborted) {
      waiting.failed(failure('CANCELLED', {}));
      return id;
    }
    const cancel = (): void => {
      this.cancelled.set(id, this.patience && setTimeout(this.patience.late, this.patience.ms));
      this.send({ kind: 'cancel', id });
    };
    const finish = (): void => {
      this.waiting.delete(id);
      signal?.removeEventListener('abort', cancel);
      this.isSettled(id);
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
    try {
      this.send({ kind: 'call', id, method, args });
    } catch (thrown) {
      this.waiting.get(id)?.failed(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
    return id;
  }

  private isSettled(id: number): void {
    if (!this.cancelled.has(id)) return;
    clearTimeout(this.cancelled.get(id));
    this.cancelled.delete(id);
    if (this.cancelled.size > 0) return;
    for (const settled of this.settle.splice(0)) settled();
  }

  private receive(m: Message, size: number): void {
    if (m.kind === 'call') void this.answer(m, size);
    else if (m.kind === 'cancel') this.running.get(m.id)?.abort.abort();
    else if (m.kind === 'taken') this.running.get(m.id)?.taken();
    else if (m.kind === 'item') this.waiting.get(m.id)?.item(m.value);
    else if (m.kind === 'done') this.waiting.get(m.id)?.done(m.value);
    else if (m.kind === 'failed') this.waiting.get(m.id)?.failed(revivedError(m.error));
  }

  private handler(method: string): Handler {
    const found = Object.hasOwn(this.handlers, method) ? this.handlers[method] : undefined;
    if (!found) throw failure('INTERNAL', { what: `no handler for "${method}"` });
    return found;
  }

  private async lane(): Promise<void> {
    if (this.lanes === 0) await new Promise<void>((resolve) => this.queue.push(resolve));
    else this.lanes -= 1;
  }
  private async leaveLane(): Promise<void> {
    await this.port.room?.();
    const next = this.queue.shift();
    if (next) next();
    else this.lanes += 1;
  }

  private async answer(call: Extract<Message, { kind: 'call' }>, size: number): Promise<void> {
    const { id, method } = call;
    if (this.running.has(id)) return this.refuse('it gave two calls one number');
    if (this.running.size >= MOST_RUNNING || this.bytes + size > MOST_BYTES)
      return this.send({ kind: 'failed', id, error: plainError(failure('ENGINE_BUSY', { limit: this.running.size })) });
    this.bytes += size;
    const abort = new AbortController();
    // Each call that is made with it listens: many of them are no leak.
    setMaxListeners(0, abort.signal);
    const ended = (): boolean => abort.signal.aborted || this.closed !== undefined;
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
    const isHeavy = this.heavy.has(method);
    try {
      if (isHeavy) await this.lane();
      const answer = this.handler(method)(call.args, { signal: abort.signal });
      if (isIterable(answer))
        for await (const value of answer) {
          while (room === 0 && !ended())
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          if (ended()) throw failure('CANCELLED', {});
          room -= 1;
          this.send({ kind: 'item', id, value });
        }
      this.send({ kind: 'done', id, value: isIterable(answer) ? undefined : await answer });
    } catch (thrown) {
      this.send({
        kind: 'failed',
        id,
        error: plainError(abort.signal.aborted ? failure('CANCELLED', {}) : asked(method, thrown)),
      });
    } finally {
      if (isHeavy) await this.leaveLane();
      this.running.delete(id);
      this.bytes -= size;
    }
  }

  private send(message: Message): void {
    if (this.closed === undefined) this.port.send(message);
  }

  private refuse(why: string): void {
    this.close(why);
    this.port.fail(why);
  }

  private close(why: string): void {
    if (this.closed !== undefined) return;
    this.closed = why;
    for (const id of [...this.cancelled.keys()]) this.isSettled(id);
    for (const w of [...this.waiting.values()]) w.failed(stopped(why));
    for (const r of [...this.running.values()]) r.abort.abort();
  }
}
