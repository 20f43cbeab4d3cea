/** Event-loop lag of a real server process while it runs a job with a watcher, in milliseconds. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { io, type Socket } from 'socket.io-client';
import { z } from 'zod';
import type { ClientEvents, ServerEvents } from '../../server/wire.ts';

const bin = fileURLToPath(new URL('../../server/launch/bin.js', import.meta.url));
const healthSchema = z.object({ lag: z.object({ p50: z.number(), p99: z.number(), max: z.number() }) });

export async function benchServerLag(steps: number): Promise<Record<string, number>> {
  const data = await mkdtemp(join(tmpdir(), 'lodestone-bench-'));
  const server = spawn(process.execPath, [bin, 'start', '--port', '0', '--data', data, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const address = await new Promise<string>((resolve) => {
      server.stdout.once('data', (line: Buffer) =>
        resolve(z.object({ url: z.string() }).parse(JSON.parse(line.toString())).url),
      );
    });
    const health = async (): Promise<z.infer<typeof healthSchema>> =>
      healthSchema.parse(await (await fetch(new URL('health', address))).json());
    const socket: Socket<ServerEvents, ClientEvents> = io(address, { transports: ['websocket'] });
    let frames = 0;
    const ended = new Promise<void>((resolve) => {
      socket.on('update', (update, ack) => {
        ack();
        if (update.frame) frames += 1;
        if (update.state === 'done') resolve();
      });
    });
    await new Promise<void>((resolve) => socket.once('hello', () => resolve()));
    await health();
    await socket.emitWithAck('start', {
      plugin: 'guide',
      parameters: { prompt: 'a red heart', steps, count: 128, crops: 8 },
    });
    await ended;
    const { lag } = await health();
    socket.disconnect();
    return {
      server_lag_p50_ms: lag.p50,
      server_lag_p99_ms: lag.p99,
      server_lag_max_ms: lag.max,
      server_frames_seen: frames,
    };
  } finally {
    server.kill('SIGTERM');
    await new Promise((resolve) => server.once('exit', resolve));
    await rm(data, { recursive: true, force: true });
  }
}
