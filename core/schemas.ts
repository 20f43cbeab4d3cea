/** Schemas of binary data that several messages share. */
import { z } from 'zod';

export const MIB = 1 << 20;
/** The most that is read of a file that is no picture. */
export const READ_LIMIT = 16 * MIB;

/** Bytes of at most `limit`. */
export const bytesSchema = (limit: number): z.ZodType<Uint8Array, Uint8Array> =>
  z.custom<Uint8Array>(
    (v) => v instanceof Uint8Array && v.byteLength <= limit,
    `bytes, at most ${Math.round(limit / MIB)} MiB`,
  );

export const floatsSchema: z.ZodType<Float32Array, Float32Array> = z.custom<Float32Array>(
  (v) => v instanceof Float32Array,
  'a Float32Array',
);

/** What zod found wrong, in one line. */
export const issuesOf = (error: z.ZodError): string =>
  error.issues.map((i) => (i.path.length > 0 ? `${i.path.join('.')}: ${i.message}` : i.message)).join('; ');

/** JSON that fits a schema; `refuse` makes the error of what is wrong with it. */
export function parsedJson<T>(schema: z.ZodType<T>, json: string, refuse: (what: string) => Error): T {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw refuse('it is not JSON');
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw refuse(issuesOf(parsed.error));
  return parsed.data;
}
