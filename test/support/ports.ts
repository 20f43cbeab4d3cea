/** Two ends of a channel within one process: what one sends arrives at the other a moment later, as bytes would. */
import { encoded, FrameReader } from '../../core/process/frames.ts';
import type { Port } from '../../core/process/rpc.ts';
import { MIB } from '../../core/schemas.ts';

const LIMIT = 64 * MIB;

export interface End extends Port {
  /** What was sent from here, in order. */
  readonly sent: Readonly<Record<string, unknown>>[];
  /** Why this end gave the channel up. */
  readonly failed: string[];
  /** Makes this end hear a message that the other end never sent. */
  hear(message: unknown, size?: number): void;
  /** Ends the channel as the end of the other process would. */
  close(why: string): void;
}

const copied = (message: unknown): unknown[] =>
  [...new FrameReader(LIMIT).push(Buffer.concat(encoded(message, LIMIT)))].map((read) => read.message);

function end(other: () => End): End {
  const sent: Readonly<Record<string, unknown>>[] = [];
  const failed: string[] = [];
  const listeners: ((message: unknown, size: number) => void)[] = [];
  const closed: ((why: string) => void)[] = [];
  return {
    sent,
    failed,
    send: (message) => {
      sent.push(message as Readonly<Record<string, unknown>>); // all that peers send are objects
      const [copy] = copied(message);
      setImmediate(() => other().hear(copy));
    },
    onMessage: (listener) => void listeners.push(listener),
    onClose: (listener) => void closed.push(listener),
    fail: (why) => void failed.push(why),
    hear: (message, size = 100) => {
      for (const listener of listeners) if (failed.length === 0) listener(message, size);
    },
    close: (why) => {
      for (const listener of closed) listener(why);
    },
  };
}

export function portPair(): readonly [End, End] {
  const left: End = end(() => right);
  const right: End = end(() => left);
  return [left, right];
}
