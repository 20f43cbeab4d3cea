import { describe, expect, it } from 'vitest';
import { encoded, FrameReader } from '../../../core/process/frames.ts';
import { seeded } from '../../../core/random.ts';
import { MIB } from '../../../core/schemas.ts';

const LIMIT = 16 * MIB;
const bytesOf = (message: unknown): Buffer => Buffer.concat(encoded(message, LIMIT));

/** What a reader makes of the bytes when they arrive in pieces of a random size. */
function arrived(bytes: Buffer, seed: number, reader = new FrameReader(LIMIT)): unknown[] {
  const random = seeded(seed);
  const messages: unknown[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + Math.floor(random() ** 4 * 300);
    for (const { message } of reader.push(bytes.subarray(at, at + size))) messages.push(message);
    at += size;
  }
  return messages;
}

/** A frame that our own side would never write. */
function frame(json: string | Uint8Array, numbers: Uint8Array = new Uint8Array()): Buffer {
  const text = Buffer.from(json);
  const header = Buffer.alloc(8);
  header.writeUInt32LE(text.length, 0);
  header.writeUInt32LE(numbers.length, 4);
  return Buffer.concat([header, text, numbers]);
}
const read = (bytes: Uint8Array): unknown[] => [...new FrameReader(LIMIT).push(bytes)].map(({ message }) => message);

const ARRAYS = [
  new Uint8Array([0, 1, 255]),
  new Int8Array([-128, 0, 127]),
  new Uint16Array([0, 65_535]),
  new Int16Array([-32_768, 32_767, 1]),
  new Uint32Array([0, 4_294_967_295]),
  new Int32Array([-2_147_483_648, 2_147_483_647]),
  new Float32Array([1.5, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-40]),
  new Float64Array([Math.PI, -0, Number.NaN, Number.NEGATIVE_INFINITY, 5e-324]),
  new BigUint64Array([0n, 18_446_744_073_709_551_615n]),
  new BigInt64Array([-9_223_372_036_854_775_808n, 1n]),
];

describe('a message that arrives in random pieces', () => {
  it.each(ARRAYS)('holds the same array as before, number by number, of a kind like $constructor.name', (array) => {
    for (const seed of [1, 2, 3])
      expect(arrived(bytesOf({ array, empty: array.slice(0, 0), after: 'it' }), seed)).toStrictEqual([
        { array, empty: array.slice(0, 0), after: 'it' },
      ]);
  });

  it('holds arrays of all kinds at once, and each is an array of its own', () => {
    const [message] = arrived(bytesOf({ arrays: ARRAYS }), 4);
    expect(message).toStrictEqual({ arrays: ARRAYS });
    const { arrays } = message as { arrays: typeof ARRAYS };
    expect(arrays.map((a) => a.buffer.byteLength)).toEqual(ARRAYS.map((a) => a.byteLength));
  });

  it('holds Buffers, clamped arrays and parts of a larger array as plain arrays of the same numbers', () => {
    const whole = Float32Array.from({ length: 100 }, (_, i) => i / 7);
    const sent = {
      buffer: Buffer.from('the bytes'),
      listed: [Buffer.from([1, 2]), Buffer.alloc(0)],
      clamped: new Uint8ClampedArray([3, 4]),
      part: whole.subarray(3, 6),
    };
    expect(arrived(bytesOf(sent), 5)).toStrictEqual([
      {
        buffer: new Uint8Array(Buffer.from('the bytes')),
        listed: [new Uint8Array([1, 2]), new Uint8Array()],
        clamped: new Uint8Array([3, 4]),
        part: whole.slice(3, 6),
      },
    ]);
  });

  it('holds nested values, letters of all lengths and numbers that JSON has no word for', () => {
    const sent = {
      deep: { er: { est: [{ a: [[1, [2, [3]]]] }, null, true, ''] } },
      words: 'é ∑ 🙂 \0 " \\u0000array',
      numbers: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1, 2 ** 53],
      big: { nan: Number.NaN },
    };
    expect(arrived(bytesOf(sent), 6)).toStrictEqual([sent]);
  });

  it('leaves out what is undefined, as JSON does', () => {
    expect(arrived(bytesOf({ here: 1, gone: undefined, listed: [undefined] }), 7)).toStrictEqual([
      { here: 1, listed: [null] },
    ]);
  });

  it.each([[{}], [[]], [null], [''], [0], [Number.NaN], [new Uint8Array([7])]])('may be as little as %j', (little) => {
    expect(arrived(bytesOf(little), 8)).toStrictEqual([little]);
  });

  it('is followed by the others in their order', () => {
    const sent = Array.from({ length: 40 }, (_, i) => ({
      i,
      text: 'x'.repeat(i * 3),
      data: new Uint16Array(i).fill(i),
    }));
    expect(arrived(Buffer.concat(sent.map(bytesOf)), 9)).toStrictEqual(sent);
  });

  it('is told with its size', () => {
    const bytes = bytesOf({ data: new Uint8Array(1000) });
    expect([...new FrameReader(LIMIT).push(bytes)].map(({ size }) => size)).toEqual([bytes.length - 8]);
  });
});

describe('a message that is too large', () => {
  it('is not written', () => {
    expect(() => encoded({ data: new Uint8Array(MIB) }, MIB)).toThrowError(
      expect.objectContaining({ code: 'MESSAGE_TOO_LARGE', message: expect.stringContaining('1 MiB is the most') }),
    );
  });

  it.each([
    ['of text', 2 ** 31, 0],
    ['of numbers', 2, 2 ** 32 - 1],
    ['of both', LIMIT / 2, LIMIT / 2],
  ])('is refused by its header alone, before its body has arrived, when it has too much %s', (_what, json, numbers) => {
    const header = Buffer.alloc(8);
    header.writeUInt32LE(json, 0);
    header.writeUInt32LE(numbers, 4);
    const reader = new FrameReader(LIMIT);
    expect([...reader.push(header.subarray(0, 7))]).toEqual([]);
    expect(() => [...reader.push(header.subarray(7))]).toThrowError(
      expect.objectContaining({ code: 'MESSAGE_TOO_LARGE', message: expect.stringContaining('16 MiB is the most') }),
    );
  });
});

describe('bytes that are no message', () => {
  const placed = (place: unknown): string => JSON.stringify({ '\0array': place });

  it.each([
    ['ends past the message', ['f32', 0, 3]],
    ['begins past the message', ['u8', 16, 1]],
    ['begins where no array begins', ['u8', 4, 1]],
    ['is longer than any memory', ['f64', 0, Number.MAX_SAFE_INTEGER]],
    ['begins before the message', ['u8', -8, 1]],
    ['has a broken length', ['u8', 0, 0.5]],
    ['is of an unknown kind', ['constructor', 0, 1]],
    ['has no place', null],
  ])('are refused when an array %s', (_what, place) => {
    expect(() => read(frame(placed(place), new Uint8Array(8)))).toThrowError();
    expect(read(frame(placed(['f32', 0, 2]), new Uint8Array(8)))).toStrictEqual([new Float32Array(2)]);
  });

  it.each(['', '{', '{"a":1}}', 'undefined', "{'a':1}", `{"a":"${'\n'}"}`])(
    'are refused when their text is %j',
    (text) => {
      expect(() => read(frame(text))).toThrowError(SyntaxError);
    },
  );

  it('are refused when a number is spelled in a way of its own', () => {
    expect(read(frame('{"\\u0000number":"NaN"}'))).toEqual([Number.NaN]);
    expect(() => read(frame('{"\\u0000number":"0x10"}'))).toThrowError();
  });

  it('are refused when their text is no UTF-8', () => {
    expect(() => read(frame(Uint8Array.from([0x22, 0xff, 0xfe, 0x22])))).toThrowError(TypeError);
  });
});
