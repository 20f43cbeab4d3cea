/** Drawers and pulls of others, as a run takes them in: those alone that it names, so that one that fails keeps no other run from drawing. */
import { z } from 'zod';
import type { RegisteredExtension } from './registry.ts';

const namesSchema = z.object({ drawer: z.string().default(''), pulls: z.string().default('') });

/** Those that parameters name. */
export function namedIn(parameters: unknown, extensions: readonly RegisteredExtension[]): RegisteredExtension[] {
  const { drawer, pulls } = namesSchema.safeParse(parameters).data ?? { drawer: '', pulls: '' };
  const ids = pulls.split('|').map((part) => part.trim().replace(/[^a-z0-9-].*$/su, ''));
  return extensions.filter(({ kind, id }) => (kind === 'drawer' ? id === drawer : ids.includes(id)));
}
