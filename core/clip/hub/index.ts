/** From what a person names to a model folder. */
import { failure } from '../../errors.ts';
import type { FetchOptions } from './fetch-model.ts';
import { fetchModel } from './fetch-model.ts';
import { parseSpec } from './spec.ts';

/** The folder of `embedded`, of a path, or of `organisation/name[@revision]` on a hub, fetched when it is not there yet. */
export async function locateModel(spec: string, options: FetchOptions = {}): Promise<string> {
  const parsed = parseSpec(spec);
  if (parsed.kind === 'folder') return parsed.path;
  const revision = options.revision ?? parsed.revision;
  if (revision.split('/').some((part) => part === '' || part === '.' || part === '..'))
    throw failure('HUB_MISSING', { repository: parsed.repository, what: `revision "${revision}"` });
  return fetchModel(parsed.repository, { ...options, revision });
}
