/** Holds what is kept against what records say of it. */
import { image, messageOf, sweepParts } from '../../core/index.ts';
import { type Keep, sha256Of } from '../keep/shelf.ts';
import type { Known } from '../runs/store.ts';
import { type Given, givenBy } from './records.ts';

interface Problem {
  readonly what: 'missing' | 'changed' | 'damaged';
  readonly kind: Given['kind'];
  readonly file: string;
  /** What to know of it, and what to do. */
  readonly says: string;
}

export interface Checked {
  readonly runs: number;
  readonly files: number;
  readonly problems: readonly Problem[];
  /** Half-written files that were removed. */
  readonly swept: number;
}

interface Checking {
  readonly keep: Keep;
  readonly runs: readonly Known[];
  /** Folders where nobody writes now: what is half-written there is removed. */
  readonly folders: readonly string[];
  readonly progress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

const PICTURE = /\.(?:png|jpe?g|webp|gif)$/;

/** Every file of every record, and every picture of the gallery whether a record names it or not. Stops when the signal aborts. */
export async function checkData({ keep, runs, folders, progress, signal }: Checking): Promise<Checked> {
  const given = runs.flatMap(givenBy);
  const named = new Set(given.filter(({ kind }) => kind === 'gallery').map(({ file }) => file));
  const others = (await keep.gallery.list())
    .map(({ name }) => name)
    .filter((name) => !named.has(name) && PICTURE.test(name));
  const all: readonly Given[] = [
    ...given,
    ...others.map((file): Given => ({ run: '', title: file, kind: 'gallery', file })),
  ];
  const problems: Problem[] = [];
  for (const [done, one] of all.entries()) {
    if (signal.aborted) break;
    const problem = await problemOf(one, keep);
    if (problem) problems.push(problem);
    progress(done + 1, all.length);
  }
  let swept = 0;
  for (const folder of folders) swept += await sweepParts(folder);
  return { runs: runs.length, files: all.length, problems, swept };
}

async function problemOf({ kind, file, title, sha256 }: Given, keep: Keep): Promise<Problem | undefined> {
  const bytes = await keep[kind].read(file);
  if (!bytes)
    return {
      what: 'missing',
      kind,
      file,
      says: `the run "${title}" gave it, and it is gone; start that run again with its seed`,
    };
  if (sha256 !== undefined && sha256Of(bytes) !== sha256)
    return {
      what: 'changed',
      kind,
      file,
      says: `it is not what the run "${title}" gave: another program wrote to it, or its disk`,
    };
  if (sha256 !== undefined || !PICTURE.test(file)) return undefined;
  const broken = await image(bytes, {}, file)
    .resize(1, 1)
    .toBuffer()
    .then(() => undefined, messageOf);
  return broken === undefined ? undefined : { what: 'damaged', kind, file, says: `it cannot be read: ${broken}` };
}
