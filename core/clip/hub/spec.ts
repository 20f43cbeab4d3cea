/** What a person may name a model by: a folder, or a repository of a hub with an optional revision. */
import { existsSync } from 'node:fs';
import { EMBEDDED } from '../folder.ts';

export type ModelSpec =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'hub'; readonly repository: string; readonly revision: string };

const REPOSITORY = /^[\w][\w.-]*\/[\w][\w.-]*$/;
const DEFAULT_REVISION = 'main';

/** `embedded`, a folder's path, or `organisation/name[@revision]`. A folder that exists wins; nothing is fetched here. */
export function parseSpec(spec: string): ModelSpec {
  if (spec === '' || spec === 'embedded') return { kind: 'folder', path: EMBEDDED };
  if (existsSync(spec)) return { kind: 'folder', path: spec };
  const at = spec.lastIndexOf('@');
  const repository = at > 0 ? spec.slice(0, at) : spec;
  const revision = at > 0 ? spec.slice(at + 1) : DEFAULT_REVISION;
  return REPOSITORY.test(repository) && revision !== '' && !spec.includes('..')
    ? { kind: 'hub', repository, revision }
    : { kind: 'folder', path: spec };
}
