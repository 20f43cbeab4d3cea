/** What may be asked of a store; a plugin of somebody else may have written it. */
import { z } from 'zod';
import { bytesSchema, MIB } from '../schemas.ts';

const key = z.string().max(8192);
const keys = z.array(key).max(100_000);
const entries = z.array(z.tuple([key, bytesSchema(8 * MIB)])).max(100_000);
const path = z.string();
export const getSchema = z.object({ path, keys });
export const putSchema = z.object({ path, entries });

/** A store's name among those of its plugin. */
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,60}$/, 'a name of lower case letters, digits and hyphens');
export const keptSchema = z.object({ name, keys });
export const keepSchema = z.object({ name, entries });
