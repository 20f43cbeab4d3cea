/** `lodestone new`: a folder to begin a plugin, a drawer, a pull or a sketch in. */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Argument, Command } from 'commander';
import { z } from 'zod';
import { failure, issuesOf, messageOf } from '../../core/index.ts';
import { SCAFFOLDS, scaffold } from '../scaffold.ts';
import type { Shared } from './shared.ts';

const wordsSchema = z.tuple([
  z.enum(SCAFFOLDS),
  z
    .string()
    .transform((folder) => resolve(folder))
    .refine((folder) => /^[a-z][a-z0-9-]{1,40}$/.test(basename(folder)), {
      error: 'its name is to be of lower case letters, digits and hyphens: my-dots',
    }),
]);

export function newCommand(shared: Shared): Command {
  const command = new Command('new')
    .description('Makes a folder to begin in, with one file to change.')
    .addArgument(new Argument('<kind>', 'what is written').choices(SCAFFOLDS))
    .argument('<folder>', 'the folder that is made; its name is what it is called: my-dots');
  return shared.finish(command, async ({ terminal }, words) => {
    const given = wordsSchema.safeParse(words.slice(0, 2));
    if (!given.success) throw failure('USAGE', { what: issuesOf(given.error) });
    const [kind, folder] = given.data;
    try {
      // Nothing that lies there is written over.
      await mkdir(folder);
      for (const [name, text] of Object.entries(scaffold(kind, basename(folder))))
        await writeFile(join(folder, name), text, { flag: 'wx' });
    } catch (cause) {
      throw failure('FILE_WRITE', { path: folder, what: messageOf(cause) }, cause);
    }
    terminal.line(`${join(folder, 'index.ts')} is all of it. See it: npx lodestone dev ${words[1] ?? ''}`);
    terminal.document({ kind, folder });
  });
}
