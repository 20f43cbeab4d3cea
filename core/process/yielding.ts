/** A process that works for others yields its cores to those who serve people. */
import { readFileSync, writeFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

/** From now on whatever else wants a core gets it first; what this process starts yields as well. */
export function yieldCores(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // It works all the same.
  }
  if (leadsSession()) yieldGroup(process.pid, constants.priority.PRIORITY_LOW);
}

/** A child that leads a session of its own yields, though its parent does not. */
export function yieldAs(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It works all the same, or has ended.
  }
  yieldGroup(pid, constants.priority.PRIORITY_LOW);
}

/** A child that leads a session of its own yields as its parent does. */
export function yieldsToo(pid: number): void {
  const nice = getPriority();
  if (nice > 0) yieldGroup(pid, nice);
}

/** Linux weighs sessions against each other, and niceness only within one: sched(7), "The autogroup feature". */
function yieldGroup(leader: number, nice: number): void {
  if (process.platform !== 'linux') return;
  try {
    writeFileSync(`/proc/${leader}/autogroup`, String(nice));
  } catch {
    // The kernel has no such groups, or the process has ended.
  }
}

/** Others in the session, a shell say, are not to yield for it. The fourth field after the name is the session: proc_pid_stat(5). */
function leadsSession(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]) === process.pid;
  } catch {
    return false;
  }
}
