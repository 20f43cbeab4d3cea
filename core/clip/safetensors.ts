/** Reads .safetensors: 8 bytes little-endian header length, a JSON header, raw little-endian data. */
import { z } from 'zod';
import { failure, messageOf } from '../errors.ts';
import { numbersOf } from '../graph/data.ts';
import type { Shape } from '../graph/types.ts';

const HEADER_LIMIT = 16 << 20;
const entrySchema = z.object({
  dtype: z.enum(['F32', 'F16', 'I64', 'I32', 'U8']),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const headerSchema = z.record(z.string(), z.unknown());
const DTYPES = { F32: 'float32', F16: 'float16', I64: 'int64', I32: 'int32', U8: 'uint8' } as const;

export interface NamedArray {
  readonly shape: Shape;
  readonly data: readonly number[];
}

/** All arrays of the file by name, as numbers. Throws MODEL_BROKEN. */
export function readSafetensors(bytes: Uint8Array, file: string): ReadonlyMap<string, NamedArray> {
  try {
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
    if (length > Math.min(HEADER_LIMIT, bytes.byteLength - 8)) throw new Error('the header is longer than the file');
    const header = headerSchema.parse(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))));
    const body = bytes.subarray(8 + length);
    return new Map(
      Object.entries(header)
        .filter(([name]) => name !== '__metadata__')
        .map(([name, raw]) => {
          const {
            dtype,
            shape,
            data_offsets: [from, to],
          } = entrySchema.parse(raw);
          const known =
            to <= body.byteLength
              ? numbersOf({ dtype: DTYPES[dtype], shape, bytes: body.subarray(from, to) })
              : undefined;
          if (!known) throw new Error(`"${name}" lies outside the file`);
          return [name, { shape, data: known.data }];
        }),
    );
  } catch (cause) {
    throw failure('MODEL_BROKEN', { file, what: messageOf(cause) }, cause);
  }
}
