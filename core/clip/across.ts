/** The inner loop of resampling in WebAssembly, three channels in one vector: in JavaScript it was most of the time that a picture took. */

/** Taps of a run of output elements, as whole numbers in typed arrays: element `i` reads `count` inputs from `first[i]` on, all of them inside. */
export interface WholeTaps {
  readonly first: Int32Array;
  readonly count: number;
  readonly weights: Int32Array;
}

/** across.wat in binary form; a test puts the two side by side. */
export const ACROSS_WASM =
  'AGFzbQEAAAABDAFgCH9/f39/f39/AAIPAQNlbnYGbWVtb3J5AgABAwIBAAcKAQZhY3Jvc3MAAArSAQHPAQIEfwF7AkADQCACRQ0BQQAhCCAGIQsCQANAIAggA08NASAAIAUgCEECdGooAgBqIQpBgICAAf0RIQwgBCEJA0AgDCAK/VwCAP2JAf2pASAL/QkCAP21Af2uASEMIApBA2ohCiALQQRqIQsgCUEBayIJDQALIAxBFv2sAUEA/RH9uAFB/wH9Ef22ASEMIAcgDP0bADoAACAHIAz9GwE6AAEgByAM/RsCOgACIAdBA2ohByAIQQFqIQgMAAsLIAAgAWohACACQQFrIQIMAAsLCw==';

/** The part of WebAssembly that is used here; its types come with a browser's, which this is not. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
};

const PAGE = 1 << 16;
/** Rows are handed over in parts of about so many bytes. */
const PART = 4 << 20;
/** A vector is read where only three bytes are wanted. */
const BEYOND = 16;

type Across = (
  source: number,
  stride: number,
  rows: number,
  columns: number,
  count: number,
  first: number,
  weights: number,
  out: number,
) => void;

const memory = new WebAssembly.Memory({ initial: 1 });
let loaded: Across | undefined;
function kernel(): Across {
  const made = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(ACROSS_WASM, 'base64')), {
    env: { memory },
  });
  // The module is our own: its one export has this type.
  return made.exports['across'] as Across;
}

const bytesOf = (numbers: Int32Array): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);

/** Each of `rows` rows of RGB from `top` on resampled along x, rounded and clamped to 8 bits: [rows, columns, 3]. */
export function across(
  source: Uint8Array,
  width: number,
  top: number,
  rows: number,
  { first, count, weights }: WholeTaps,
): Uint8Array {
  loaded ??= kernel();
  const columns = first.length;
  const stride = 3 * width;
  const part = Math.max(1, Math.floor(PART / stride));
  const weightsAt = 4 * columns;
  const sourceAt = weightsAt + 4 * weights.length;
  const outAt = sourceAt + stride * Math.min(part, rows) + BEYOND;
  const needed = outAt + 3 * columns * Math.min(part, rows) - memory.buffer.byteLength;
  if (needed > 0) memory.grow(Math.ceil(needed / PAGE));
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(bytesOf(first.map((f) => 3 * f)), 0);
  bytes.set(bytesOf(weights), weightsAt);
  const out = new Uint8Array(3 * columns * rows);
  for (let row = 0; row < rows; row += part) {
    const now = Math.min(part, rows - row);
    bytes.set(source.subarray((top + row) * stride, (top + row + now) * stride), sourceAt);
    loaded(sourceAt, stride, now, columns, count, 0, weightsAt, outAt);
    out.set(bytes.subarray(outAt, outAt + 3 * columns * now), 3 * columns * row);
  }
  return out;
}
