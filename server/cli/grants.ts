/** `lodestone plugins`: what there is, what each wants, and granting it. */
import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { z } from 'zod';
import {
  failure,
  loadRegistry,
  type RegisteredPlugin,
  ungranted,
  WANTS,
  type Want,
  wantsInWords,
} from '../../core/index.ts';
import { DATA } from '../files.ts';
import { Grants } from '../grants.ts';
import { pluginFolders, usable } from '../plugins.ts';
import type { Context, Shared } from './shared.ts';
import type { Terminal } from './terminal.ts';

const grants = new Grants(DATA);

/** What a plugin has been granted; where somebody is at the terminal, they are asked for what is missing. Throws PLUGIN_NOT_GRANTED. */
export async function grantedTo(plugin: RegisteredPlugin, { terminal, signal }: Context): Promise<readonly Want[]> {
  const granted = await grants.of(plugin);
  const missing = ungranted(plugin, granted);
  if (missing.length === 0) return granted;
  if (!process.stdin.isTTY || terminal.json)
    throw failure('PLUGIN_NOT_GRANTED', { id: plugin.id, wants: wantsInWords(missing) });
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const wishes = missing.map((want) => `  - ${WANTS[want]}\n`).join('');
    const asked = `The plugin "${plugin.title}" (${plugin.file}) wants to\n${wishes}Grant it that, from now on? [y/N] `;
    const said = (await lines.question(asked, { signal })).trim().toLowerCase();
    if (said !== 'y' && said !== 'yes')
      throw failure('PLUGIN_NOT_GRANTED', { id: plugin.id, wants: wantsInWords(missing) });
  } finally {
    lines.close();
  }
  await grants.grant(plugin);
  return plugin.wants;
}

async function told(plugins: readonly RegisteredPlugin[], terminal: Terminal): Promise<void> {
  const all = await Promise.all(
    plugins.map(async (plugin) => ({ plugin, missing: ungranted(plugin, await grants.of(plugin)) })),
  );
  for (const { plugin, missing } of all) {
    const state = plugin.wants.length === 0 ? '' : missing.length > 0 ? '  not granted' : '  granted';
    terminal.line(`${plugin.id}  ${plugin.version}${plugin.builtIn ? '' : `  ${plugin.file}`}${state}`);
    for (const want of plugin.wants) terminal.line(`    ${want}: ${WANTS[want]}`);
  }
  terminal.document({
    plugins: all.map(({ plugin: { id, version, file, builtIn, wants }, missing }) => ({
      id,
      version,
      file,
      builtIn,
      wants,
      missing,
    })),
  });
}

export function pluginsCommand(shared: Shared): Command {
  const registry = async () => usable(await loadRegistry(pluginFolders()));
  const each = (name: 'grant' | 'revoke', description: string): Command =>
    shared.finish(
      new Command(name).description(description).argument('<plugin>', 'its name'),
      async (context, words) => {
        const [id] = z.tuple([z.string()]).parse(words);
        const plugin = (await registry()).find(id);
        await grants[name](plugin);
        await told([plugin], context.terminal);
      },
    );
  const list = shared.finish(
    new Command('list').description('All plugins, and what they want.'),
    async ({ terminal }) => {
      const { plugins, broken } = await registry();
      for (const { message } of broken) terminal.warn(message);
      await told(plugins, terminal);
    },
  );
  return new Command('plugins')
    .description('What plugins there are, what they want beyond what you name to them, and granting it.')
    .addCommand(list, { isDefault: true })
    .addCommand(each('grant', 'Lets a plugin have what it wants, once and for all.'))
    .addCommand(each('revoke', 'Takes back what a plugin was granted.'));
}
