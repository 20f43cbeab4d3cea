/** The studio as people start it, a process of its own, and what it tells. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { io } from 'socket.io-client';
import { bin } from './command-line.ts';
import { atEnd } from './ending.ts';
import { say, type TestSocket, Watcher } from './server.ts';

export interface Studio {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly socket: TestSocket;
  readonly watcher: Watcher;
  readonly said: () => string;
}

/** Ended with SIGKILL at the latest when the test file ends. */
export async function studio(data: string, flags: readonly string[] = []): Promise<Studio> {
  const child = spawn(process.execPath, [bin, 'start', '--port', '0', '--data', data, '--json', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  atEnd(async () => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (piece: Buffer) => {
    said += piece.toString();
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { url } = JSON.parse(line.toString()) as { url: string };
  const socket: TestSocket = io(new URL(url).origin, { transports: ['websocket'], reconnection: false });
  return { child, pid: child.pid ?? 0, socket, watcher: new Watcher(socket), said: () => said };
}

/** Accepted, whether it has begun or not: its id. */
export async function accepted({ socket }: Studio, parameters: object, plugin = 'guide'): Promise<string> {
  const answer = await say(socket, 'start', { plugin, parameters });
  if (!answer.ok) throw new Error(answer.error.message);
  return (answer.value as { job: string }).job;
}

/** A worker as people start it, when it takes runs. Ended with SIGKILL at the latest when the test file ends. */
export async function workerProcess(data: string, redis: string, flags: readonly string[] = []): Promise<ChildProcess> {
  const child = spawn(process.execPath, [bin, 'worker', '--redis', redis, '--data', data, '--json', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  atEnd(async () => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}
