/** How much memory a process and its children hold, and how long it has computed, as the system says; the process itself is not asked. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const KIB = 1024;

async function childrenOf(pid: number): Promise<number[]> {
  const listed = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return listed.split(' ').filter(Boolean).map(Number);
}

async function onLinux(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const own = KIB * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  const children = await Promise.all((await childrenOf(pid)).map(onLinux));
  return children.reduce((sum, held) => sum + held, own);
}

/** The group's processes are those that the child has started: it leads a group of its own. */
async function byPs(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-g', String(pid)]).catch(() => ({ stdout: '' }));
  return KIB * stdout.split('\n').reduce((sum, line) => sum + (Number(line.trim()) || 0), 0);
}

/** In bytes; 0 where it has ended. Windows is not asked: undefined. */
async function residentOf(pid: number): Promise<number | undefined> {
  if (process.platform === 'win32') return undefined;
  return process.platform === 'linux' ? onLinux(pid) : byPs(pid);
}

const EVERY_MS = 100;
/** Linux counts processor time in hundredths of a second (USER_HZ). */
const TICKS = 100;

/** Seconds that a process has computed; 0 where the system does not say. */
async function computedBy(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // After the name, which may hold anything, the 12th and 13th fields are time in the program and in the system.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS;
}

/** Calls `over` once when the process has computed for more than so many seconds, where the system says so. Returns what ends the watch. */
export function watchComputing(pid: number | undefined, seconds: number, over: () => void): () => void {
  if (pid === undefined) return () => undefined;
  const timer = setInterval(() => {
    void computedBy(pid).then((computed) => {
      if (computed <= seconds) return;
      clearInterval(timer);
      over();
    });
  }, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Calls `over` once when the process and its children hold more than `limit` bytes. Returns what ends the watch. */
export function watchResident(pid: number | undefined, limit: number, over: () => void): () => void {
  if (pid === undefined) return () => undefined;
  let asking = false;
  const timer = setInterval(() => {
    if (asking) return;
    asking = true;
    void residentOf(pid).then((held = 0) => {
      asking = false;
      if (held <= limit) return;
      clearInterval(timer);
      over();
    });
  }, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
