/** Writes down what the plugins that ship with Lodestone say of themselves, so that no start has to ask them. Run by the build. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeWhole } from '../files.ts';
import { BUILT_IN_PLUGINS, DESCRIPTIONS, nameOf } from './built-in.ts';
import type { PluginDescription } from './description.ts';
import { loadPlugin } from './load.ts';
import { describe } from './told.ts';

const entries = await readdir(BUILT_IN_PLUGINS, { withFileTypes: true });
const files = entries.flatMap((entry) => {
  const inside = join(BUILT_IN_PLUGINS, entry.name, 'index.js');
  if (entry.isDirectory()) return existsSync(inside) ? [inside] : [];
  return basename(entry.name).endsWith('.js') ? [join(BUILT_IN_PLUGINS, entry.name)] : [];
});
const told: Record<string, PluginDescription> = {};
for (const file of files.sort()) told[nameOf(file)] = describe(await loadPlugin({ file, module: file }));
await writeWhole(DESCRIPTIONS, JSON.stringify(told));
