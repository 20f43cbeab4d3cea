import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RunFolder } from '../../core/plugin/run-folder.ts';
import { bin } from '../support/command-line.ts';
import { temporaryFolder } from '../support/pictures.ts';
import { processesWith } from '../support/processes.ts';
import { strangeModel } from '../support/with-models.ts';

describe.runIf(process.platform === 'linux')('a command that is told to end', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s ends with %i, leaves no process behind, and can be taken up', async (signal, status) => {
    const place = await temporaryFolder();
    const args = [
      'guide',
      'a red heart',
      '--steps',
      '5000',
      '--size',
      '64',
      '--crops',
      '2',
      '--run',
      'run',
      '--model',
      strangeModel(),
    ];
    // Of the environment, this reaches all processes, plugins too.
    const env = { ...process.env, TMPDIR: place };
    const child = spawn(process.execPath, [bin, ...args], { cwd: place, stdio: 'ignore', detached: true, env });
    const exited = once(child, 'exit');
    onTestFinished(() => {
      for (const left of processesWith(place)) process.kill(left, 'SIGKILL');
    });
    while (!existsSync(join(place, 'run/checkpoint.bin')) && child.exitCode === null) await setTimeout(50);
    expect(processesWith(place).length).toBeGreaterThan(2);
    child.kill(signal);
    expect(await exited).toEqual([status, null]);
    await expect.poll(() => processesWith(place), { timeout: 10_000 }).toEqual([]);
    const left = await readdir(join(place, 'run'));
    expect(left.filter((name) => name.startsWith('.'))).toEqual([]);
    expect(await new RunFolder(join(place, 'run')).resumable()).toMatchObject({
      checkpoint: { step: expect.any(Number) },
    });
  });
});
