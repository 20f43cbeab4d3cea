/** Text inside a PNG: iTXt chunks, UTF-8, not compressed (PNG specification, third edition, 11.3.3.4). */
import { crc32 } from 'node:zlib';

const SIGNATURE = 8;
/** Length, type and checksum of a chunk. */
const FRAME = 12;

interface Chunk {
  readonly type: string;
  readonly body: Uint8Array;
  /** Where the chunk begins, and where the next does. */
  readonly from: number;
  readonly to: number;
}

/** The chunks of a PNG, as far as they are whole. */
function* chunksOf(png: Uint8Array): Generator<Chunk> {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  let from = SIGNATURE;
  while (from + FRAME <= png.byteLength) {
    const length = view.getUint32(from);
    const to = from + FRAME + length;
    if (to > png.byteLength) return;
    const type = String.fromCharCode(...png.subarray(from + 4, from + 8));
    yield { type, body: png.subarray(from + 8, to - 4), from, to };
    from = to;
  }
}

/** After the keyword: its end, no compression, its method, an empty language and an empty translation. */
const AFTER_KEYWORD = Uint8Array.of(0, 0, 0, 0, 0);

function chunk(type: string, body: Uint8Array): Uint8Array {
  const out = new Uint8Array(body.byteLength + FRAME);
  const view = new DataView(out.buffer);
  view.setUint32(0, body.byteLength);
  out.set(new TextEncoder().encode(type), 4);
  out.set(body, 8);
  view.setUint32(out.byteLength - 4, crc32(out.subarray(4, -4)));
  return out;
}

/** The picture with the text under a keyword (Latin letters), put before its pixels. */
export function withText(png: Uint8Array, keyword: string, text: string): Uint8Array {
  const encoder = new TextEncoder();
  const body = Buffer.concat([encoder.encode(keyword), AFTER_KEYWORD, encoder.encode(text)]);
  const [header] = chunksOf(png);
  const at = header?.to ?? png.byteLength;
  return new Uint8Array(Buffer.concat([png.subarray(0, at), chunk('iTXt', body), png.subarray(at)]));
}

/** The text under a keyword; undefined where there is none. */
export function textOf(png: Uint8Array, keyword: string): string | undefined {
  const start = Buffer.concat([new TextEncoder().encode(keyword), AFTER_KEYWORD]);
  for (const { type, body } of chunksOf(png))
    if (type === 'iTXt' && Buffer.compare(body.subarray(0, start.byteLength), start) === 0)
      return new TextDecoder().decode(body.subarray(start.byteLength));
  return undefined;
}
