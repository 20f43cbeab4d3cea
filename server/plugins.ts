/** The plugins that the studio and the command line can show: those whose parameters have fields that both know, under names that are free. */
import { delimiter } from 'node:path';
import { BUILT_IN_PLUGINS, failure, issuesOf, type LodestoneError, type Registry } from '../core/index.ts';
import { pluginSchema } from './wire.ts';

/** The built-in plugins, those of the folders that are named, and those of LODESTONE_PLUGINS. */
export const pluginFolders = (named: readonly string[] = []): string[] => [
  BUILT_IN_PLUGINS,
  ...named,
  ...(process.env['LODESTONE_PLUGINS']?.split(delimiter).filter((folder) => folder !== '') ?? []),
];

/** Names of the command line's own commands. */
const RESERVED: ReadonlySet<string> = new Set([
  'start',
  'data',
  'dev',
  'new',
  'test',
  'worker',
  'score',
  'model',
  'plugins',
  'replay',
  'verify',
  'resume',
  'help',
]);

/** Names of options that every plugin's command has; a parameter may not be called so. */
const OPTIONS: ReadonlySet<string> = new Set([
  'out',
  'run',
  'strip',
  'gate',
  'animation',
  'variations',
  'model',
  'variant',
  'dequantise',
  'offline',
  'threads',
  'json',
  'help',
  'version',
]);

/** The same registry without the plugins that cannot be shown; those are among the broken ones, each with its reason. */
export function usable(registry: Registry): Registry {
  const broken: LodestoneError[] = [...registry.broken];
  const plugins = registry.plugins.filter((plugin) => {
    const taken = [plugin.id, ...plugin.aliases].find((name) => RESERVED.has(name));
    const parsed = pluginSchema.safeParse({ ...plugin, wants: [] });
    const option = Object.keys(parsed.data?.parameters.properties ?? {}).find((name) => OPTIONS.has(name));
    if (taken === undefined && option === undefined && parsed.success) return true;
    const own = taken ? `"${taken}" is a command` : `the parameter "${option}" is called as an option`;
    const why =
      taken || option
        ? `${own} of Lodestone's own; choose another name`
        : `its parameters have a field of a kind that has no control (${parsed.error ? issuesOf(parsed.error) : ''})`;
    broken.push(failure('PLUGIN_INVALID', { file: plugin.file, what: why }));
    return false;
  });
  const { find, extensions } = registry;
  return {
    plugins,
    extensions,
    broken,
    find: (id) => {
      const found = find(id);
      if (plugins.includes(found)) return found;
      throw failure('PLUGIN_UNKNOWN', { id, known: plugins.map((p) => p.id).join(', ') });
    },
  };
}
