/** The studio's end of the wire: everything that arrives is parsed before it is believed. */
import { io, type Socket } from 'socket.io-client';
import { config } from 'zod';
import {
  type Answer,
  type Branching,
  type Cancelling,
  type ClientEvents,
  type Hello,
  helloSchema,
  type Moving,
  type ServerEvents,
  type Steering,
  type Update,
  updateSchema,
  uploadedSchema,
  type WireError,
} from '../server/wire.ts';

export interface Listeners {
  hello(hello: Hello): void;
  update(update: Update): void;
  /** Whether the server can be reached. */
  connected(is: boolean): void;
}

export interface Connection {
  /** `sketch`: whether its picture is one of many that are tried out. */
  start(plugin: string, parameters: Record<string, unknown>, sketch?: boolean): Promise<Answer<{ job: string }>>;
  cancel(message: Cancelling): Promise<Answer<null>>;
  /** Where one that waits is to stand. */
  move(message: Moving): Promise<Answer<null>>;
  /** Lets a plugin have what it wants, once and for all. */
  grant(plugin: string): Promise<Answer<null>>;
  steer(job: string, wish: Omit<Steering, 'job'>): Promise<Answer<null>>;
  /** Another run from an earlier state of one. */
  branch(message: Branching): Promise<Answer<{ job: string }>>;
  /** Sends a picture and gives the value that a pictures field takes. */
  upload(file: File): Promise<Answer<string>>;
}

const unreachable: WireError = { code: 'UNREACHABLE', message: 'The server did not answer. Is it still running?' };
// Made code is refused by the page's policy.
config({ jitless: true });
const ANSWER_MS = 15_000;
const HIDDEN_MS = 1000;

/** Once what was drawn is on the screen, so that a busy page is sent fewer frames; a hidden page draws nothing, and answers after a while. */
function whenShown(done: () => void): void {
  let waiting = true;
  const once = (): void => {
    if (waiting) done();
    waiting = false;
  };
  requestAnimationFrame(once);
  setTimeout(once, HIDDEN_MS);
}

export function connect(listeners: Listeners): Connection {
  const socket: Socket<ServerEvents, ClientEvents> = io({ transports: ['websocket'] });
  socket.on('connect', () => listeners.connected(true));
  socket.on('disconnect', () => listeners.connected(false));
  socket.on('connect_error', () => listeners.connected(false));
  socket.on('hello', (message) => {
    const parsed = helloSchema.safeParse(message);
    if (parsed.success) listeners.hello(parsed.data);
  });
  socket.on('update', (message, ack) => {
    const parsed = updateSchema.safeParse(message);
    if (parsed.success) listeners.update(parsed.data);
    whenShown(ack);
  });
  const answered = async <T>(ask: () => Promise<Answer<T>>): Promise<Answer<T>> =>
    ask().catch(() => ({ ok: false, error: unreachable }) as const);
  return {
    start: (plugin, parameters, sketch = false) =>
      answered(() =>
        socket.timeout(ANSWER_MS).emitWithAck('start', { plugin, parameters, ...(sketch ? { sketch } : {}) }),
      ),
    grant: (plugin) => answered(() => socket.timeout(ANSWER_MS).emitWithAck('grant', { plugin })),
    cancel: (message) => answered(() => socket.timeout(ANSWER_MS).emitWithAck('cancel', message)),
    move: (message) => answered(() => socket.timeout(ANSWER_MS).emitWithAck('move', message)),
    steer: (job, wish) => answered(() => socket.timeout(ANSWER_MS).emitWithAck('steer', { job, ...wish })),
    branch: (message) => answered(() => socket.timeout(ANSWER_MS).emitWithAck('branch', message)),
    upload: (file) =>
      answered(async () => {
        const response = await fetch(`uploads?name=${encodeURIComponent(file.name)}`, {
          method: 'POST',
          body: file,
          headers: { 'content-type': 'application/octet-stream' },
        });
        const body: unknown = await response.json();
        const parsed = uploadedSchema.safeParse(body);
        if (parsed.success) return { ok: true, value: parsed.data.path } as const;
        const error =
          typeof body === 'object' && body !== null && 'error' in body ? (body.error as WireError) : unreachable;
        return { ok: false, error } as const;
      }),
  };
}
