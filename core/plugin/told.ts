/** A plugin as plain data. */
import { z } from 'zod';
import type { Plugin } from './define.ts';
import type { PluginDescription } from './description.ts';

export function describe(plugin: Plugin): PluginDescription {
  const { id, title, description, version, parameters } = plugin;
  const { aliases = [], about = '', group = 'make', steerable = false, paintable = false, wants = [] } = plugin;
  return {
    id,
    aliases: [...aliases],
    title,
    description,
    version,
    about,
    group,
    steerable,
    paintable,
    wants: [...wants],
    parameters: { ...z.toJSONSchema(parameters, { io: 'input' }) },
  };
}
