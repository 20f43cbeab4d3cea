/** A real server on a free port with its own data folder and a small model with random weights, and sockets to it; all of it gone when the test file ends. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { io, type Socket } from 'socket.io-client';
import { type RunningServer, type ServerOptions, startServer } from '../../server/server.ts';
import type { Answer, ClientEvents, ServerEvents, Update } from '../../server/wire.ts';
import { atEnd } from './ending.ts';
import { strangeModel } from './with-models.ts';

export type TestSocket = Socket<ServerEvents, ClientEvents>;

export interface TestServer extends RunningServer {
  readonly data: string;
  connect(options?: Parameters<typeof io>[1]): TestSocket;
}

export async function useServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const data = await mkdtemp(join(tmpdir(), 'lodestone-server-'));
  const server = await startServer({
    port: 0,
    data,
    logger: pino({ level: 'silent' }),
    engine: { threads: 1, model: strangeModel() },
    ...options,
  });
  const sockets: TestSocket[] = [];
  atEnd(async () => {
    for (const socket of sockets) socket.disconnect();
    await server.close();
    await rm(data, { recursive: true, force: true });
  });
  return {
    ...server,
    data,
    connect: (more = {}) => {
      const socket: TestSocket = io(new URL(server.url).origin, {
        transports: ['websocket'],
        reconnection: false,
        forceNew: true,
        ...more,
      });
      sockets.push(socket);
      return socket;
    },
  };
}

/** Says something whose shape may be wrong, and gives the answer. */
export function say(socket: TestSocket, event: keyof ClientEvents, message: unknown): Promise<Answer<unknown>> {
  return new Promise((resolve) => {
    // The test sends what the types would not let it send.
    (socket as unknown as { emit(e: string, m: unknown, ack: (a: Answer<unknown>) => void): void }).emit(
      event,
      message,
      resolve,
    );
  });
}

const PATIENCE_MS = 40_000;

/** Every update that a socket got so far, and those that come; each is acknowledged after `delay`. */
export class Watcher {
  readonly updates: Update[] = [];
  private readonly waiting = new Set<() => void>();
  constructor(socket: TestSocket, delay: (u: Update) => number = () => 0) {
    socket.on('update', (update, ack) => {
      this.updates.push(update);
      setTimeout(ack, delay(update));
      for (const look of this.waiting) look();
    });
  }
  of(job: string): Update[] {
    return this.updates.filter((u) => u.job === job);
  }
  /** The first update that fits, of the past or of the future. */
  until(fits: (u: Update) => boolean): Promise<Update> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no such update came')), PATIENCE_MS);
      const look = (): void => {
        const found = this.updates.find(fits);
        if (!found) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve(found);
      };
      this.waiting.add(look);
      look();
    });
  }
}
