/** Processes as the system shows them. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

export interface Found {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All that can be seen, zombies left out. */
function processes(): Found[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return state === 'Z' ? [] : [{ pid: Number(name), parent: Number(parent), command }];
      } catch {
        return [];
      }
    });
}

/** A process's children, theirs, and so on. */
export function descendants(pid: number, all = processes()): Found[] {
  return all.filter((p) => p.parent === pid).flatMap((p) => [p, ...descendants(p.pid, all)]);
}

/** Those of `pids` that are still there after so long at the most. */
export async function leftOf(pids: readonly number[], milliseconds: number): Promise<Found[]> {
  const until = performance.now() + milliseconds;
  for (;;) {
    const left = processes().filter((p) => pids.includes(p.pid));
    if (left.length === 0 || performance.now() > until) return left;
    await setTimeout(50);
  }
}
