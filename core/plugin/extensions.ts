/** Drawers and pulls of others, as a run takes them in: those alone that it names, so that one that fails keeps no other run from drawing. */
import { z } from 'zod';
import { pullIds } from './kit/pulls.ts';
import type { RegisteredExtension } from './registry.ts';

/** Pulls that ship with Lodestone. */
const OURS: ReadonlySet<string> = new Set(pullIds());

const namesSchema = z.object({ drawer: z.string().default(''), pulls: z.string().default('') });

/** Those that parameters name. */
export function namedIn(parameters: unknown, extensions: readonly RegisteredExtension[]): RegisteredExtension[] {
  const { drawer, pulls } = namesSchema.safeParse(parameters).data ?? { drawer: '', pulls: '' };
  const ids = pulls.split('|').map((part) => part.trim().replace(/[^a-z0-9-].*$/su, ''));
  const own = extensions.filter(({ kind }) => kind === 'pull').map(({ id }) => id);
  // Where one is misspelt, all are there to be named.
  const areKnown = ids.every((id) => id === '' || own.includes(id) || OURS.has(id));
  return extensions.filter(({ kind, id }) => (kind === 'drawer' ? id === drawer : !areKnown || ids.includes(id)));
}
