/** A plugin, a drawer or a pull as plain data. */
import { z } from 'zod';
import { isPlain } from '../guidance/pulls/known.ts';
import type { Plugin } from './define.ts';
import type { Description, PluginDescription } from './description.ts';
import type { Loaded } from './load.ts';

export function describe(plugin: Plugin): PluginDescription {
  const { id, title, description, version, parameters } = plugin;
  const { aliases = [], about = '', group = 'make', wants = [] } = plugin;
  const { steerable = false, paintable = false, extensible = false } = plugin;
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
    extensible,
    wants: [...wants],
    parameters: { ...z.toJSONSchema(parameters, { io: 'input' }) },
  };
}

export function describeLoaded(loaded: Loaded): Description {
  switch (loaded.kind) {
    case 'plugin':
      return describe(loaded.plugin);
    case 'drawer': {
      const { id, title, description = title } = loaded.drawer;
      return { kind: 'drawer', id, title, description, pictured: false };
    }
    case 'pull': {
      const { id, description } = loaded.pull;
      return { kind: 'pull', id, title: id, description, pictured: !isPlain(loaded.pull) };
    }
  }
}
