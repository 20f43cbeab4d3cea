/** The plugins that the studio and the command line can show: those whose parameters have fields that both know, under names that are free. */
import { failure, issuesOf, type LodestoneError, type Registry } from '../core/index.ts';
import { pluginSchema } from './wire.ts';

/** Names of the command line's own commands. */
const RESERVED: ReadonlySet<string> = new Set(['start', 'score', 'model', 'replay', 'verify', 'resume', 'help']);

/** The same registry without the plugins that cannot be shown; those are among the broken ones, each with its reason. */
export function usable(registry: Registry): Registry {
  const broken: LodestoneError[] = [...registry.broken];
  const plugins = registry.plugins.filter((plugin) => {
    const taken = [plugin.id, ...plugin.aliases].find((name) => RESERVED.has(name));
    const parsed = pluginSchema.safeParse(plugin);
    if (taken === undefined && parsed.success) return true;
    const why = taken
      ? `"${taken}" is a command of Lodestone's own`
      : `its parameters have a field of a kind that has no control (${parsed.error ? issuesOf(parsed.error) : ''})`;
    broken.push(failure('PLUGIN_INVALID', { file: plugin.file, what: why }));
    return false;
  });
  const { find } = registry;
  return {
    plugins,
    broken,
    find: (id) => {
      const found = find(id);
      if (plugins.includes(found)) return found;
      throw failure('PLUGIN_UNKNOWN', { id, known: plugins.map((p) => p.id).join(', ') });
    },
  };
}
