/** The socket side: commands are parsed and answered, updates are paced by each watcher. */
import type { Server as HttpServer } from 'node:http';
import type { Logger } from 'pino';
import { type DefaultEventsMap, Server, type Socket } from 'socket.io';
import type { z } from 'zod';
import { failure, issuesOf, plainError, type Registry } from '../../core/index.ts';
import type { Grants } from '../grants.ts';
import type { Jobs } from '../jobs.ts';
import {
  type Answer,
  branchSchema,
  type ClientEvents,
  grantSchema,
  type Hello,
  jobSchema,
  moveSchema,
  type ServerEvents,
  startSchema,
  steerSchema,
} from '../wire.ts';
import { personOf } from './person.ts';
import { watch } from './watch.ts';

const MESSAGE_LIMIT = 1 << 20;
/** Pages that may be connected at once. */
const SOCKETS_LIMIT = 1000;
/** A watcher that takes no update for this long is given up. */
const PATIENCE_MS = 60_000;

type WatcherSocket = Socket<ClientEvents, ServerEvents, DefaultEventsMap, unknown>;

export interface SocketOptions {
  readonly jobs: Jobs;
  readonly registry: Registry;
  readonly hello: () => Promise<Hello>;
  readonly grants: Grants;
  readonly logger: Logger;
}

/** Parses a message, does the work, answers; every failure becomes an answer with a code. */
function answering<S extends z.ZodType, T>(
  logger: Logger,
  event: string,
  schema: S,
  work: (message: z.output<S>) => T | Promise<T>,
) {
  return async (...args: unknown[]): Promise<void> => {
    const ack = args.at(-1);
    const reply = (answer: Answer<T>): void => {
      if (typeof ack === 'function') (ack as (a: Answer<T>) => void)(answer);
    };
    const refuse = (thrown: unknown): void => {
      const error = plainError(thrown);
      logger[error.code === 'INTERNAL' ? 'error' : 'info']({ code: error.code, event }, error.message);
      reply({ ok: false, error });
    };
    try {
      const parsed = schema.safeParse(args[0]);
      if (!parsed.success) throw failure('MESSAGE_INVALID', { event, what: issuesOf(parsed.error) });
      reply({ ok: true, value: await work(parsed.data) });
    } catch (thrown) {
      refuse(thrown);
    }
  };
}

export function attachSockets(
  http: HttpServer,
  { jobs, registry, hello, grants, logger }: SocketOptions,
): Server<ClientEvents, ServerEvents> {
  const io = new Server<ClientEvents, ServerEvents>(http, {
    maxHttpBufferSize: MESSAGE_LIMIT,
    serveClient: false,
    allowRequest: (_request, decide) => decide(null, io.engine.clientsCount < SOCKETS_LIMIT),
  });
  io.on('connection', (socket: WatcherSocket) => {
    const by = personOf(socket.request);
    socket.on(
      'start',
      answering(logger, 'start', startSchema, async ({ plugin, parameters, sketch }) => {
        const found = await jobs.plugin(plugin);
        return { job: (await jobs.start(found.plugin, parameters, { granted: found.granted, by, sketch })).id };
      }),
    );
    socket.on(
      'cancel',
      answering(logger, 'cancel', jobSchema, async ({ job, key }) => {
        jobs.yours(job, by, key);
        await jobs.cancel(job);
        return null;
      }),
    );
    socket.on(
      'move',
      answering(logger, 'move', moveSchema, async ({ job, how, key }) => {
        jobs.yours(job, by, key);
        await jobs.move(job, how);
        return null;
      }),
    );
    socket.on(
      'steer',
      answering(logger, 'steer', steerSchema, async ({ job, key, ...steer }) => {
        jobs.yours(job, by, key);
        await jobs.steer(job, steer);
        return null;
      }),
    );
    socket.on(
      'branch',
      answering(logger, 'branch', branchSchema, async ({ job, step, prompt }) => ({
        job: (await jobs.branch(job, step, { prompt, by })).id,
      })),
    );
    socket.on(
      'grant',
      answering(logger, 'grant', grantSchema, async ({ plugin }) => {
        await grants.grant(registry.find(plugin));
        return null;
      }),
    );
    void hello()
      .then((message) => socket.emit('hello', message))
      .catch(() => socket.disconnect(true));
    const stop = watch(
      jobs,
      by,
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
