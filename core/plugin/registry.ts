/** Finds plugins: every file or folder in the plugins' folders is one. Their schemas are read in a child process, so that a broken one breaks nothing. */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { failure, type LodestoneError, messageOf, plainError, revivedError } from '../errors.ts';
import { type Child, entryBeside, startChild } from '../process/child.ts';
import { Peer } from '../process/rpc.ts';

/** The plugins that ship with Lodestone. */
export const BUILT_IN_PLUGINS = fileURLToPath(new URL('../../plugins', import.meta.url));

const DESCRIBE_MS = 15_000;

/** What the outside knows of a plugin: all of it plain data. */
const pluginDescriptionSchema = z.object({
  id: z.string(),
  aliases: z.array(z.string()),
  title: z.string(),
  description: z.string(),
  version: z.string(),
  /** A paragraph for its page; may be empty. */
  about: z.string(),
  /** Whether a run listens to being steered. */
  steerable: z.boolean(),
  /** Whether a run lets people paint on its drawing. */
  paintable: z.boolean(),
  /** JSON Schema of the parameters as they are given, with titles, bounds, defaults and each field's `control`. */
  parameters: z.record(z.string(), z.unknown()),
});
export type PluginDescription = z.infer<typeof pluginDescriptionSchema>;

export interface RegisteredPlugin extends PluginDescription {
  readonly file: string;
}

export interface Registry {
  readonly plugins: readonly RegisteredPlugin[];
  /** Files that are no plugins, and why. */
  readonly broken: readonly LodestoneError[];
  /** By id or alias. Throws PLUGIN_UNKNOWN. */
  find(id: string): RegisteredPlugin;
}

export const isTypeScript = (file: string): boolean => file.endsWith('.ts');
const isModule = (name: string): boolean => /\.(?:ts|js|mjs)$/.test(name) && !/\.(?:d|test)\.ts$/.test(name);

async function modulesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw failure('FILE_MISSING', { path: folder }, cause);
  });
  const found = await Promise.all(
    entries.map(async (entry) => {
      if (entry.isFile() && isModule(entry.name)) return join(folder, entry.name);
      if (!entry.isDirectory() || entry.name.startsWith('.') || entry.name === 'node_modules') return undefined;
      const index = (await readdir(join(folder, entry.name))).find(
        (name) => isModule(name) && basename(name).startsWith('index.'),
      );
      return index && join(folder, entry.name, index);
    }),
  );
  return found.filter((f) => f !== undefined).sort();
}

/** Asks a child process for descriptions; one that does not answer is ended, and the next question starts another. */
class Describer {
  private readonly typescript: boolean;
  private child: { readonly process: Child; readonly peer: Peer } | undefined;

  constructor(typescript: boolean) {
    this.typescript = typescript;
  }

  async describe(file: string): Promise<PluginDescription> {
    if (!this.child) {
      const process = startChild(entryBeside(import.meta.url, 'describe'), { typescript: this.typescript, bare: true });
      this.child = { process, peer: new Peer(process.port) };
    }
    const late = new AbortController();
    const timeout = setTimeout(DESCRIBE_MS, undefined, { signal: late.signal }).then(() => {
      throw failure('PLUGIN_INVALID', { file, what: `importing it took more than ${DESCRIBE_MS / 1000} s` });
    });
    timeout.catch(() => undefined);
    try {
      return pluginDescriptionSchema.parse(await Promise.race([this.child.peer.call('describe', { file }), timeout]));
    } catch (thrown) {
      if (thrown instanceof z.ZodError) throw failure('PLUGIN_INVALID', { file, what: messageOf(thrown) });
      const { code, message } = plainError(thrown);
      if (code === 'ENGINE_STOPPED' || message.includes('importing it took')) this.close();
      throw code === 'ENGINE_STOPPED'
        ? failure('PLUGIN_INVALID', { file, what: 'importing it ended the process' })
        : thrown;
    } finally {
      late.abort();
    }
  }

  close(): void {
    this.child?.process.kill();
    this.child = undefined;
  }
}

/** Reads every plugin of the folders, in order; an id that is taken already makes the later file a broken one. */
export async function loadRegistry(folders: readonly string[] = [BUILT_IN_PLUGINS]): Promise<Registry> {
  const files = (await Promise.all(folders.map(modulesIn))).flat();
  const describer = new Describer(files.some(isTypeScript));
  const plugins: RegisteredPlugin[] = [];
  const broken: LodestoneError[] = [];
  for (const file of files) {
    try {
      const description = await describer.describe(file);
      const names = [description.id, ...description.aliases];
      const taken = plugins.find((p) => [p.id, ...p.aliases].some((n) => names.includes(n)));
      if (taken)
        throw failure('PLUGIN_INVALID', {
          file,
          what: `the name "${description.id}" or an alias of it belongs to ${taken.file}`,
        });
      plugins.push({ ...description, file });
    } catch (thrown) {
      broken.push(revivedError(plainError(thrown)));
    }
  }
  describer.close();
  return {
    plugins,
    broken,
    find(id) {
      const found = plugins.find((p) => p.id === id || p.aliases.includes(id));
      if (!found) throw failure('PLUGIN_UNKNOWN', { id, known: plugins.map((p) => p.id).join(', ') });
      return found;
    },
  };
}
