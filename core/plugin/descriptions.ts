/** Descriptions of plugins, kept by content: a plugin is imported when it is new or was changed, and not at every start. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { failure, messageOf, type PlainError, plainError, plainErrorSchema, revivedError } from '../errors.ts';
import { writeAside } from '../files.ts';
import { cacheFolder } from '../places.ts';
import { entryBeside, startChild } from '../process/child.ts';
import { watchComputing, watchResident } from '../process/resident.ts';
import { Peer } from '../process/rpc.ts';
import { issuesOf, MIB } from '../schemas.ts';
import { builtInDescription } from './built-in.ts';
import { type Description, descriptionSchema } from './description.ts';
import { fence } from './fence.ts';
import { type ReadyPlugin, readyPlugin, sha256Of } from './ready.ts';

const DESCRIBE_MS = 10_000;
/** Importing takes a part of this; who computes for longer is in a loop. */
const COMPUTING_SECONDS = 4;
const MEMORY_LIMIT = 1024 * MIB;
/** A description is text; this is plenty. */
const MESSAGE_LIMIT = 4 * MIB;
/** A plugin that was not to be imported is tried again after this: the machine may have been busy. */
const AGAIN_MS = 10 * 60_000;

const keptSchema = z.union([
  z.object({ description: descriptionSchema }),
  z.object({ error: plainErrorSchema, at: z.number() }),
]);
type Kept = z.output<typeof keptSchema>;

/** Something that is loaded, and what makes that known to its process. */
export interface Extension {
  readonly file: string;
  readonly ready: ReadyPlugin;
}

/** What they say in a process of their own. Throws PLUGIN_INVALID. */
async function asked(
  file: string,
  { module, reads }: ReadyPlugin,
  extensions: readonly Extension[],
): Promise<Description> {
  const child = startChild(entryBeside(import.meta.url, 'describe'), {
    bare: true,
    heap: 512,
    messages: MESSAGE_LIMIT,
    flags: fence({ reads: [...reads, ...extensions.flatMap((e) => e.ready.reads)], writes: [], wants: [] }),
  });
  let why: string | undefined;
  const end = (reason: string): void => {
    why ??= reason;
    child.kill();
  };
  const timer = setTimeout(end, DESCRIBE_MS, `importing it took more than ${DESCRIBE_MS / 1000} s`);
  const stop = watchResident(child.pid, MEMORY_LIMIT, () =>
    end(`importing it took more than ${MEMORY_LIMIT / MIB} MiB of memory`),
  );
  const stopComputing = watchComputing(child.pid, COMPUTING_SECONDS, () =>
    end(`importing it computed for more than ${COMPUTING_SECONDS} s`),
  );
  try {
    const modules = extensions.map((e) => ({ file: e.file, module: e.ready.module }));
    const told = await new Peer(child.port).call('describe', { file, module, extensions: modules });
    return descriptionSchema.parse(told);
  } catch (thrown) {
    if (thrown instanceof z.ZodError) throw failure('PLUGIN_INVALID', { file, what: issuesOf(thrown) });
    if (plainError(thrown).code !== 'ENGINE_STOPPED') throw thrown;
    throw failure('PLUGIN_INVALID', { file, what: why ?? `importing it ended the process (${messageOf(thrown)})` });
  } finally {
    clearTimeout(timer);
    stop();
    stopComputing();
    child.kill();
  }
}

const pathOf = (hash: string): string | undefined => {
  const folder = cacheFolder();
  return folder && join(folder, 'descriptions', `${hash}.json`);
};

async function kept(path: string): Promise<Kept | undefined> {
  try {
    return keptSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // Not there, or damaged: it is worked out again.
    return undefined;
  }
}

async function describedNow(file: string, ready: ReadyPlugin, extensions: readonly Extension[]): Promise<Kept> {
  try {
    return { description: await asked(file, ready, extensions) };
  } catch (thrown) {
    return { error: plainError(thrown), at: Date.now() };
  }
}

/** What it says of itself, with the drawers and pulls that it is given. Throws PLUGIN_INVALID. */
export async function describeFile(
  file: string,
  extensions: readonly Extension[] = [],
): Promise<{ readonly description: Description; readonly ready: ReadyPlugin }> {
  const ready = await readyPlugin(file);
  const shipped = extensions.length === 0 ? await builtInDescription(file) : undefined;
  if (shipped) return { description: shipped, ready };
  const hashes = extensions.map((e) => e.ready.hash);
  const path = pathOf(hashes.length === 0 ? ready.hash : sha256Of(JSON.stringify([ready.hash, ...hashes])));
  const known = path && (await kept(path));
  const holds = known && ('description' in known || Date.now() - known.at < AGAIN_MS);
  const found = holds ? known : await describedNow(file, ready, extensions);
  // A cache that cannot be written costs time alone.
  if (path && !holds) await writeAside(path, JSON.stringify(found)).catch(() => undefined);
  if ('error' in found) throw revivedError(found.error as PlainError);
  return { description: found.description, ready };
}
