/** What a plugin keeps from run to run, and what it may know of files: asked of the host, since its own process opens nothing. */
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Handlers } from '../process/rpc.ts';
import { keepIn, keptIn } from '../store/keeper.ts';
import { keepSchema, keptSchema } from '../store/requests.ts';
import type { FileFacts } from './define.ts';

const AT_ONCE = 64;
const pathsSchema = z.object({ paths: z.array(z.string().min(1).max(4096)).max(100_000) });

/** Of the file's number and of when its entry was changed, which renaming and permissions do too. */
const stateOf = ({ ino, ctimeMs }: Stats): number => (ino % 2 ** 20) * 2 ** 32 + (Math.round(ctimeMs) % 2 ** 32);

/** `checked` refuses paths that the plugin may not know of. */
export function storeHandlers(
  folder: () => Promise<string>,
  checked: (paths: readonly string[]) => Promise<void>,
): Handlers {
  const at = async (name: string): Promise<string> => join(await folder(), `${name}.sqlite`);
  return {
    kept: async (args) => {
      const { name, keys } = keptSchema.parse(args);
      return keptIn(await at(name), keys);
    },
    keep: async (args) => {
      const { name, entries } = keepSchema.parse(args);
      await keepIn(await at(name), entries);
    },
    stat: async (args) => {
      const { paths } = pathsSchema.parse(args);
      await checked(paths);
      const found: (FileFacts | null)[] = [];
      for (let from = 0; from < paths.length; from += AT_ONCE)
        found.push(
          ...(await Promise.all(
            paths.slice(from, from + AT_ONCE).map(async (path) => {
              const facts = await stat(path).catch(() => undefined);
              return facts ? { size: facts.size, changed: facts.mtimeMs, state: stateOf(facts) } : null;
            }),
          )),
        );
      return found;
    },
  };
}
