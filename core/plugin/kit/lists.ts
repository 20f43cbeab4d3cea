/** Lists as people give them: words by themselves, or a text file with one entry a line. */
import { failure, type LodestoneError } from '../../errors.ts';
import { decodeText } from '../../text-file.ts';
import type { PluginContext } from '../define.ts';

const MOST = 10_000;

/** What a run ends with when not one of its pictures could be read. */
export const noneReadable = (): LodestoneError =>
  failure('NO_PICTURES', { path: 'what was given: none of it could be read' });

/** Entries that name a .txt file are read; blank lines and those that begin with # are passed over. Throws FILE_MISSING, TEXT_UNREADABLE, PARAMETER_INVALID. */
export async function listed(
  values: readonly string[],
  what: string,
  { read }: Pick<PluginContext, 'read'>,
): Promise<string[]> {
  const lines = values.map(async (value) =>
    value.toLowerCase().endsWith('.txt') ? decodeText(await read(value), value).split(/\r?\n/u) : [value],
  );
  const all = (await Promise.all(lines)).flat().map((line) => line.trim());
  const kept = [...new Set(all.filter((line) => line !== '' && !line.startsWith('#')))];
  if (kept.length === 0 || kept.length > MOST)
    throw failure('PARAMETER_INVALID', { plugin: what, what: `there are ${kept.length} entries; give 1 to ${MOST}` });
  return kept;
}
