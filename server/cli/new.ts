/** `lodestone new`: a folder to begin a plugin, a drawer, a pull or a sketch in. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Argument, Command } from 'commander';
import { z } from 'zod';
import { drawers, failure, messageOf, pullIds } from '../../core/index.ts';
import { SCAFFOLDS, type Scaffold, scaffold, triedBy } from '../scaffold.ts';
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

/** Names that are taken. */
const OURS: Readonly<Partial<Record<Scaffold, () => readonly string[]>>> = {
  drawer: () => drawers().map(({ id }) => id),
  pull: pullIds,
};

export function newCommand(shared: Shared): Command {
  const command = new Command('new')
    .description('Makes a folder to begin in, with one file to change.')
    .addArgument(new Argument('<kind>', 'what is written').choices(SCAFFOLDS))
    .argument('<folder>', 'the folder that is made; its name is what it is called: my-dots');
  return shared.finish(command, async ({ terminal }, words) => {
    const given = wordsSchema.safeParse(words.slice(0, 2));
    if (!given.success) throw failure('USAGE', { what: given.error.issues.map(({ message }) => message).join('; ') });
    const [kind, folder] = given.data;
    const name = basename(folder);
    if (OURS[kind]?.().includes(name))
      throw failure('USAGE', { what: `Lodestone has a ${kind} called ${name}: choose another name` });
    if (existsSync(folder)) throw failure('USAGE', { what: `${folder} is there already: choose another name` });
    try {
      // Nothing that lies there is written over.
      await mkdir(folder);
      for (const [file, text] of Object.entries(scaffold(kind, name)))
        await writeFile(join(folder, file), text, { flag: 'wx' });
    } catch (cause) {
      throw failure('FILE_WRITE', { path: folder, what: messageOf(cause) }, cause);
    }
    const typed = String(words[1]);
    terminal.line(`${join(folder, 'index.ts')} is all of it.`);
    terminal.line(`See it:   npx lodestone dev ${typed}`);
    terminal.line(`Draw:     LODESTONE_PLUGINS=${typed} npx lodestone ${triedBy(kind, name)}`);
    terminal.document({ kind, folder });
  });
}
