/**
 * Messages as bytes: a header of two little-endian lengths, JSON, and the numbers of all typed arrays. Whoever reads knows a message's size before
 * it has arrived, and nothing that arrives is more than JSON and arrays of numbers: it may come from a plugin of somebody else.
 */
import { z } from 'zod';
import { failure } from '../errors.ts';
import { MIB } from '../schemas.ts';

const HEADER = 8;
/** Arrays of numbers begin at multiples of this. */
const ALIGNED = 8;

const ARRAYS = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
  u64: BigUint64Array,
  i64: BigInt64Array,
} as const;
type Kind = keyof typeof ARRAYS;
type Numbers = InstanceType<(typeof ARRAYS)[Kind]>;

/** Keys that stand for what JSON cannot say; no message has such keys of its own. */
const ARRAY_KEY = '\0array';
const NUMBER_KEY = '\0number';
/** How such a key begins in JSON. */
const MARK = '"\\u0000';

const kindSchema = z.enum(Object.keys(ARRAYS) as [Kind, ...Kind[]]); // the keys of the table
const placeSchema = z.tuple([kindSchema, z.int().nonnegative(), z.int().nonnegative()]);
const numberSchema = z.enum(['NaN', 'Infinity', '-Infinity']);

const kindOf = (array: Numbers): Kind => {
  if (array instanceof Uint8Array || array instanceof Uint8ClampedArray) return 'u8';
  const found = Object.entries(ARRAYS).find(([, made]) => array instanceof made);
  return (found?.[0] ?? 'u8') as Kind; // one of the table's keys
};
const isNumbers = (value: object): value is Numbers => ArrayBuffer.isView(value) && !(value instanceof DataView);
const aligned = (offset: number): number => Math.ceil(offset / ALIGNED) * ALIGNED;

/** A message's bytes, in pieces. Throws MESSAGE_TOO_LARGE beyond `limit` bytes. */
export function encoded(message: unknown, limit: number): Uint8Array[] {
  const arrays: Uint8Array[] = [];
  let size = 0;
  const place = (array: Numbers): unknown => {
    const padding = aligned(size) - size;
    if (padding > 0) arrays.push(new Uint8Array(padding));
    const from = size + padding;
    arrays.push(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    size = from + array.byteLength;
    return { [ARRAY_KEY]: [kindOf(array), from, array.length] };
  };
  // The function is called after `toJSON`, which Buffers have: what it is given is looked up again in its holder.
  const json = JSON.stringify(message, function (this: Record<string, unknown>, key, given: unknown) {
    const value = this[key];
    if (typeof value === 'number' && !Number.isFinite(value)) return { [NUMBER_KEY]: String(value) };
    return typeof value === 'object' && value !== null && isNumbers(value) ? place(value) : given;
  });
  const text = Buffer.from(json);
  const total = HEADER + text.byteLength + size;
  if (total > limit) throw failure('MESSAGE_TOO_LARGE', { size: sizeOf(total), limit: sizeOf(limit) });
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(text.byteLength, 0);
  header.writeUInt32LE(size, 4);
  return [header, text, ...arrays];
}

const sizeOf = (bytes: number): string => `${Math.ceil(bytes / MIB)} MiB`;

/** The message in these bytes. Throws when they are none. */
function decoded(json: Uint8Array, numbers: Uint8Array): unknown {
  const array = (place: unknown): Numbers => {
    const [kind, from, length] = placeSchema.parse(place);
    const Made = ARRAYS[kind];
    const to = from + length * Made.BYTES_PER_ELEMENT;
    if (from % ALIGNED !== 0 || to > numbers.byteLength) throw new RangeError('an array lies outside of its message');
    // An array of its own, so that a small one that is kept does not keep the whole message.
    const own = new Made(length);
    new Uint8Array(own.buffer).set(numbers.subarray(from, to));
    return own;
  };
  const text = new TextDecoder('utf-8', { fatal: true }).decode(json);
  // Most messages are plain JSON, which is read much faster without a look at every value.
  if (!text.includes(MARK)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if (ARRAY_KEY in value) return array(value[ARRAY_KEY]);
    return NUMBER_KEY in value ? Number(numberSchema.parse(value[NUMBER_KEY])) : value;
  });
}

/** Puts pieces of a stream together to messages. Throws MESSAGE_TOO_LARGE as soon as a header says so, and what `decoded` throws. */
export class FrameReader {
  private readonly limit: number;
  private pieces: Uint8Array[] = [];
  /** How much of the first piece has been taken. */
  private taken = 0;
  private have = 0;
  private wanted: { readonly json: number; readonly numbers: number } | undefined;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Every message that is whole now, with its size. */
  *push(piece: Uint8Array): Generator<{ readonly message: unknown; readonly size: number }> {
    this.pieces.push(piece);
    this.have += piece.byteLength;
    for (;;) {
      if (!this.wanted) {
        if (this.have < HEADER) return;
        const header = this.take(HEADER);
        this.wanted = { json: header.readUInt32LE(0), numbers: header.readUInt32LE(4) };
        const size = HEADER + this.wanted.json + this.wanted.numbers;
        if (size > this.limit) throw failure('MESSAGE_TOO_LARGE', { size: sizeOf(size), limit: sizeOf(this.limit) });
      }
      const { json, numbers } = this.wanted;
      if (this.have < json + numbers) return;
      const body = this.take(json + numbers);
      this.wanted = undefined;
      yield { message: decoded(body.subarray(0, json), body.subarray(json)), size: json + numbers };
    }
  }

  private take(size: number): Buffer {
    const out = Buffer.allocUnsafe(size);
    let at = 0;
    let used = 0;
    // Pieces may be single bytes, so each is looked at once and all that are used up go together.
    while (at < size) {
      const first = this.pieces[used];
      if (!first) break;
      const part = first.subarray(this.taken, this.taken + size - at);
      out.set(part, at);
      at += part.byteLength;
      this.taken += part.byteLength;
      if (this.taken < first.byteLength) break;
      used += 1;
      this.taken = 0;
    }
    this.pieces = this.pieces.slice(used);
    this.have -= size;
    return out;
  }
}
