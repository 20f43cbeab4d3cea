/** The socket side: commands are parsed and answered, updates are paced by each watcher. */
import type { Server as HttpServer } from 'node:http';
import { type DefaultEventsMap, Server, type Socket } from 'socket.io';
import type { z } from 'zod';
import { failure, issuesOf, plainError, type Registry } from '../../core/index.ts';
import type { Jobs } from '../jobs.ts';
import {
  type Answer,
  branchSchema,
  type ClientEvents,
  type Hello,
  jobSchema,
  type ServerEvents,
  startSchema,
  steerSchema,
} from '../wire.ts';
import { type GuardOptions, guard } from './guard.ts';
import { watch } from './watch.ts';

const MESSAGE_LIMIT = 1 << 20;
/** A watcher that takes no update for this long is given up. */
const PATIENCE_MS = 60_000;

type WatcherSocket = Socket<ClientEvents, ServerEvents, DefaultEventsMap, unknown>;

export interface SocketOptions extends GuardOptions {
  readonly jobs: Jobs;
  readonly registry: Registry;
  readonly hello: () => Promise<Hello>;
}

/** Parses a message, does the work, answers; every failure becomes an answer with a code. */
function answering<S extends z.ZodType, T>(event: string, schema: S, work: (message: z.output<S>) => T | Promise<T>) {
  return async (...args: unknown[]): Promise<void> => {
    const ack = args.at(-1);
    const reply = (answer: Answer<T>): void => {
      if (typeof ack === 'function') (ack as (a: Answer<T>) => void)(answer);
    };
    try {
      const parsed = schema.safeParse(args[0]);
      if (!parsed.success) throw failure('MESSAGE_INVALID', { event, what: issuesOf(parsed.error) });
      reply({ ok: true, value: await work(parsed.data) });
    } catch (thrown) {
      reply({ ok: false, error: plainError(thrown) });
    }
  };
}

export function attachSockets(
  http: HttpServer,
  { jobs, registry, hello, ...guardOptions }: SocketOptions,
): Server<ClientEvents, ServerEvents> {
  const io = new Server<ClientEvents, ServerEvents>(http, {
    maxHttpBufferSize: MESSAGE_LIMIT,
    serveClient: false,
    allowRequest: (request, decide) => {
      try {
        guard(request, guardOptions);
        decide(null, true);
      } catch (thrown) {
        decide(plainError(thrown).code, false);
      }
    },
  });
  io.on('connection', (socket: WatcherSocket) => {
    socket.on(
      'start',
      answering('start', startSchema, ({ plugin, parameters }) => ({
        job: jobs.start(registry.find(plugin), parameters).id,
      })),
    );
    socket.on(
      'cancel',
      answering('cancel', jobSchema, ({ job }) => {
        jobs.cancel(job);
        return null;
      }),
    );
    socket.on(
      'steer',
      answering('steer', steerSchema, async ({ job, ...steer }) => {
        await jobs.steer(job, steer);
        return null;
      }),
    );
    socket.on(
      'branch',
      answering('branch', branchSchema, ({ job, step, prompt }) => ({ job: jobs.branch(job, step, prompt).id })),
    );
    void hello()
      .then((message) => socket.emit('hello', message))
      .catch(() => socket.disconnect(true));
    const stop = watch(
      jobs,
      async (update) => {
        await socket.timeout(PATIENCE_MS).emitWithAck('update', update);
      },
      // Closing the transport, not the socket, lets a page that woke up connect again.
      () => socket.conn.close(),
    );
    socket.once('disconnect', stop);
  });
  return io;
}
