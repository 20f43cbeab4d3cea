/** Signals that outlast a reload. */
import { effect, type Signal, signal } from '@preact/signals';
import type { z } from 'zod';

const PREFIX = 'lodestone:';

/** What is stored is believed only as far as the schema goes. */
export function remembered<T>(name: string, schema: z.ZodType<T>, otherwise: T): Signal<T> {
  const kept = signal(read(name, schema) ?? otherwise);
  effect(() => {
    try {
      localStorage.setItem(PREFIX + name, JSON.stringify(kept.value));
    } catch {
      // A private window keeps nothing; all else works.
    }
  });
  return kept;
}

function read<T>(name: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(localStorage.getItem(PREFIX + name) ?? 'null')).data;
  } catch {
    return undefined;
  }
}
