import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';

const script = fileURLToPath(new URL('../../fixtures/processes/parent.ts', import.meta.url));
const familySchema = z.object({ child: z.number(), grandchild: z.number() });

/** A process that has ended and that nobody has asked after yet runs no more. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

interface Family {
  readonly parent: ChildProcess & { readonly pid: number };
  readonly all: readonly number[];
  /** What the parent says next. */
  next(): Promise<unknown>;
}

/** A parent, which leads a group of its own, its child and a child of that. */
async function family(...how: readonly string[]): Promise<Family> {
  const parent = spawn(process.execPath, ['--import', 'tsx', script, ...how], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const { pid } = parent;
  if (pid === undefined) throw new Error('the parent did not start');
  const lines = createInterface({ input: parent.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? 'null');
  const { child, grandchild } = familySchema.parse(await next());
  const all = [pid, child, grandchild];
  onTestFinished(() => all.forEach(end));
  return { parent: Object.assign(parent, { pid }), all, next };
}

const running = (pids: readonly number[]): boolean[] => pids.map(isRunning);
const within = { timeout: 5000, interval: 50 };

describe('a process that is killed', () => {
  it.each(['spin', 'wait'])(
    'takes its child, and what that has started, with it, when the child does %s',
    async (how) => {
      const { parent, all } = await family(how);
      await sleep(200);
      expect(running(all)).toEqual([true, true, true]);
      process.kill(parent.pid, 'SIGKILL');
      await vi.waitFor(() => expect(running(all)).toEqual([false, false, false]), within);
    },
  );

  it('takes them with it when its whole group is killed', async () => {
    const { parent, all } = await family('spin');
    await sleep(200);
    process.kill(-parent.pid, 'SIGKILL');
    await vi.waitFor(() => expect(running(all)).toEqual([false, false, false]), within);
  });
});

describe('an interrupt from the terminal', () => {
  it('reaches the process and not its child, which goes on and answers', async () => {
    const { parent, all, next } = await family('wait');
    process.kill(-parent.pid, 'SIGINT');
    await expect(next()).resolves.toEqual({ interrupted: true, child: 'well' });
    expect(running(all)).toEqual([true, true, true]);
  });
});
