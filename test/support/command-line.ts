/** The command line as people run it, a process of its own. Free of the test runner, so that benchmarks use it too. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const bin = fileURLToPath(new URL('../../server/launch/bin.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const writtenAt = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** `killAfter` ends it and its children with SIGKILL after so many milliseconds; with --run, from when the run has written `file`, which says how it begins unless another is named. */
export async function lodestone(
  args: readonly string[],
  cwd = '.',
  killAfter?: number,
  env: Readonly<Record<string, string>> = {},
  file = 'run.json',
): Promise<Ended> {
  const begun = join(cwd, args[args.indexOf('--run') + 1] ?? '', file);
  const earlier = writtenAt(begun);
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (d: Buffer) => {
    out += d.toString();
  });
  child.stderr.on('data', (d: Buffer) => {
    err += d.toString();
  });
  const ended = once(child, 'close');
  if (killAfter !== undefined && child.pid !== undefined) {
    while (args.includes('--run') && child.exitCode === null && writtenAt(begun) === earlier) await setTimeout(50);
    await setTimeout(killAfter);
    if (child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  }
  const [code] = await ended;
  return { code: code as number | null, out, err };
}
