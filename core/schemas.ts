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
