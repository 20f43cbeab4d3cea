/** Node's permission model around a plugin's process: it reads its own code and folders and nothing else, starts nothing, and loads no code of the machine's own. */
import { join, sep } from 'node:path';
import { BUILT, packagesOf, ROOT, upwards } from '../places.ts';
import type { Want } from './wants.ts';

export interface FenceOptions {
  /** Files and folders that may be read. */
  readonly reads: readonly string[];
  /** Folders that may be read and written. */
  readonly writes: readonly string[];
  readonly wants: readonly Want[];
}

const knows = (flag: string): boolean => process.allowedNodeEnvironmentFlags.has(flag);

/** Whether this version of Node can keep a process from the network: 25 and later can. */
export const FENCES_NETWORK = knows('--allow-net');

const everythingIn = (folder: string): string => (folder.endsWith(sep) ? folder : `${folder}${sep}`);
const FLAGS: Readonly<Partial<Record<Want, string>>> = {
  network: '--allow-net',
  native: '--allow-addons',
  processes: '--allow-child-process',
  threads: '--allow-worker',
};

/** Without those that lie in another, the shortest first: Node 20 ends itself over a path that it has been given before, or the beginning of one. */
function distinct(paths: readonly string[]): string[] {
  const kept: string[] = [];
  for (const path of [...new Set(paths)].sort((a, b) => a.length - b.length))
    if (!kept.some((folder) => folder.endsWith(sep) && path.startsWith(folder))) kept.push(path);
  return kept;
}

/** Flags for Node. */
export function fence({ reads, writes, wants }: FenceOptions): string[] {
  const own = [
    everythingIn(BUILT),
    // Modules are told from scripts by the nearest package.json above them.
    ...upwards(ROOT).map((folder) => join(folder, 'package.json')),
    ...packagesOf(ROOT).map(everythingIn),
  ];
  return [
    knows('--permission') ? '--permission' : '--experimental-permission',
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=SecurityWarning',
    '--enable-source-maps',
    ...distinct([...own, ...reads, ...writes.map(everythingIn)]).map((path) => `--allow-fs-read=${path}`),
    ...distinct(writes.map(everythingIn)).map((folder) => `--allow-fs-write=${folder}`),
    ...wants.flatMap((want) => (FLAGS[want] && knows(FLAGS[want]) ? [FLAGS[want]] : [])),
  ];
}
