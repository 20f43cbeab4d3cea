/** A real Redis on a free port, with a file of its own on the disk; it can be killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { atEnd } from './ending.ts';

export interface TestRedis {
  readonly url: string;
  /** Ends it at once, as a loss of power of its machine would; what was written is on the disk. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Settles when it answers. */
export async function answers(url: string): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: () => 20 });
  redis.on('error', () => undefined);
  await redis.connect().catch(() => undefined);
  while ((await redis.ping().catch(() => '')) !== 'PONG') await setTimeout(20);
  redis.disconnect();
}

/** The program, where there is one. */
export const redisServer = process.env['LODESTONE_REDIS'];

export async function useRedis(): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'lodestone-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    const flags = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes'];
    child = spawn(redisServer ?? 'redis-server', flags, { stdio: 'ignore' });
    await answers(url);
  };
  const kill = async (): Promise<void> => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  await start();
  atEnd(async () => {
    if (child.exitCode === null && child.signalCode === null) await kill();
    await rm(folder, { recursive: true, force: true });
  });
  return { url, kill, start };
}
