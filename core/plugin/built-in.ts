/** What the plugins that ship with Lodestone say of themselves, written down when it is built. */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { BUILT } from '../places.ts';
import { type PluginDescription, pluginDescriptionSchema } from './description.ts';

/** The plugins that ship with Lodestone. */
export const BUILT_IN_PLUGINS = join(BUILT, 'plugins');
export const DESCRIPTIONS = join(BUILT_IN_PLUGINS, 'descriptions.json');
const keptSchema = z.record(z.string(), pluginDescriptionSchema);

/** What a plugin's file is called there. */
export const nameOf = (file: string): string => relative(BUILT_IN_PLUGINS, file);

let kept: Promise<z.output<typeof keptSchema>> | undefined;
/** Nothing for a file that was not there when it was built. */
export async function builtInDescription(file: string): Promise<PluginDescription | undefined> {
  kept ??= readFile(DESCRIPTIONS, 'utf8').then(
    (text) => keptSchema.parse(JSON.parse(text)),
    () => ({}),
  );
  return (await kept)[nameOf(file)];
}
