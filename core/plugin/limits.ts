/** What a plugin's process may take. */
import { MIB } from '../schemas.ts';

/** JavaScript's heap, in MiB. */
export const HEAP_MIB = 512;
/** All that it and what it has started hold, in bytes. */
export const RESIDENT_LIMIT = 2048 * MIB;
/** A message that it sends, in bytes. */
export const MESSAGE_LIMIT = 128 * MIB;
