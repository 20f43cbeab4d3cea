/** The pictures that a person means by a path: told by their content, links followed once, and what was passed over is counted. */
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { failure } from './errors.ts';
import { HEAD_BYTES, kindOf, opens } from './image/kinds.ts';

/** Names that say what a file is; others are looked into. */
const NAMED = new Set(['.png', '.jpg', '.jpeg', '.jpe', '.jfif', '.webp', '.gif', '.avif', '.tif', '.tiff', '.svg']);
const LISTED_LIMIT = 1_000_000;

export interface Listed {
  /** Sorted by path. */
  readonly paths: readonly string[];
  /** How many were passed over, by the reason. */
  readonly passed: ReadonlyMap<string, number>;
}

interface Walk {
  readonly paths: string[];
  readonly passed: Map<string, number>;
  /** Files and folders that links have led to, and those that were walked. */
  readonly seen: Set<string>;
  /** Whether what a link leads to may be read. */
  readonly permits: (real: string) => boolean;
}

function pass({ passed }: Walk, why: string): void {
  passed.set(why, (passed.get(why) ?? 0) + 1);
}

/** Why a file is passed over; nothing for a picture that can be opened. */
async function strange(path: string): Promise<string | undefined> {
  if (NAMED.has(extname(path).toLowerCase())) return undefined;
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return 'may not be read';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const kind = kindOf(buffer.subarray(0, bytesRead));
    if (kind === undefined) return 'no picture';
    return opens(kind) ? undefined : `of a kind that is not opened (${kind})`;
  } catch {
    return 'may not be read';
  } finally {
    await file.close();
  }
}

async function walk(folder: string, to: Walk): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return pass(to, 'a folder that cannot be entered');
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.') || to.paths.length >= LISTED_LIMIT) continue;
    const path = join(folder, entry.name);
    // What stands for letters that could not be read names nothing.
    if (entry.name.includes('\uFFFD')) pass(to, 'named in another encoding than UTF-8');
    else if (entry.isSymbolicLink()) await followed(path, to);
    else if (entry.isDirectory()) await entered(path, path, to);
    else if (entry.isFile()) await kept(path, to);
  }
}

/** A link counts as what it leads to, the first time that anything leads there. */
async function followed(path: string, to: Walk): Promise<void> {
  const real = await realpath(path).catch(() => undefined);
  const found = real && (await stat(real).catch(() => undefined));
  if (!real || !found) return pass(to, 'a link that leads nowhere');
  if (!to.permits(real)) return pass(to, 'a link that leads out of what may be read');
  if (found.isDirectory()) return entered(path, real, to);
  if (to.seen.has(real)) return pass(to, 'a link to what is there already');
  to.seen.add(real);
  if (found.isFile()) await kept(path, to);
}

async function entered(path: string, real: string, to: Walk): Promise<void> {
  const place = await realpath(real).catch(() => real);
  if (to.seen.has(place)) return pass(to, 'a link to what is there already');
  to.seen.add(place);
  await walk(path, to);
}

async function kept(path: string, to: Walk): Promise<void> {
  const why = await strange(path);
  if (why === undefined) to.paths.push(path);
  else pass(to, why);
}

/** A file stands for itself, whatever it is. Hidden ones in folders are passed over in silence. Throws FILE_MISSING. */
export async function listPictures(path: string, permits: (real: string) => boolean = () => true): Promise<Listed> {
  const found = await stat(path).catch((cause: unknown) => {
    throw failure('FILE_MISSING', { path }, cause);
  });
  const to: Walk = { paths: [], passed: new Map(), seen: new Set(), permits };
  if (found.isDirectory()) await entered(path, path, to);
  else to.paths.push(path);
  return to;
}

/** What was passed over, in a sentence; nothing where nothing was. */
export function passedInWords(passed: ReadonlyMap<string, number>): string | undefined {
  const all = [...passed].toSorted(([, a], [, b]) => b - a);
  const total = all.reduce((sum, [, n]) => sum + n, 0);
  if (total === 0) return undefined;
  return `${total === 1 ? 'One was' : `${total} were`} passed over: ${all.map(([why, n]) => `${n} ${why}`).join(', ')}.`;
}
