/** What commands share that go on until they are told to end. */
import type { Logger } from 'pino';
import { z } from 'zod';
import { DEFAULT_PORT } from '../about.ts';
import type { Context } from './shared.ts';

export const REDIS = [
  '--redis <address>',
  'a Redis, redis://HOST:PORT, by which several servers and workers share runs',
] as const;
export const ALLOW = ['--allow <folders...>', 'folders of pictures that may be read'] as const;
export const PLUGINS = ['--plugins <folders...>', 'folders of plugins beside the built-in one'] as const;
export const PICTURES = [
  '--pictures <place>',
  's3://BUCKET/PREFIX, a store where finished pictures and reports are kept (default: the data folder)',
] as const;
export const DATA_FOLDER = [
  '--data <folder>',
  'where runs, the gallery and uploads are kept (default: .lodestone in the home folder)',
] as const;

export const PORT = [
  '--port <number>',
  'port to listen on, the next free one where it is taken; 0 chooses one (default: PORT of the environment, or 4242)',
] as const;
export const portSchema = z
  .union([z.number(), z.string().regex(/^\d+$/, 'a whole number').transform(Number)])
  .pipe(z.int().min(0).max(65_535))
  .prefault(() => process.env['PORT'] || DEFAULT_PORT);

const LEAVE_MS = 2000;
export const redisAddress = z.url({ protocol: /^rediss?$/, error: 'an address such as redis://127.0.0.1:6379' });

/** Settles when the signal is aborted; it may have been, while plugins were read. */
const aborted = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

/** Ends what is still open a while after all was closed: connections to a Redis that is away. */
const leave = (): void => void setTimeout(() => process.exit(), LEAVE_MS).unref();

/** Says that it is there, goes on until it is told to end, and closes. */
export async function untilTold(
  server: { close(): Promise<void> },
  { signal, ended }: Pick<Context, 'signal' | 'ended'>,
  greet: () => void,
): Promise<void> {
  try {
    if (!signal.aborted) {
      greet();
      await aborted(signal);
    }
  } finally {
    await server.close();
  }
  // Closing is what was asked for.
  ended(0);
  leave();
}

/** Lines of JSON on standard error, each with the process that wrote it. */
export async function logged(): Promise<Logger> {
  const { pino } = await import('pino');
  return pino({ level: process.env['LODESTONE_LOG'] ?? 'warn' }, pino.destination(2));
}
