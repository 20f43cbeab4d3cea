/** Text inside a PNG. Written as iTXt, UTF-8, not compressed (PNG specification, third edition, 11.3.3.4); read however other programs leave it. */
import { crc32, inflateSync } from 'node:zlib';

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

/** More than any record has; a small chunk may say that it is gigabytes. */
const TEXT_LIMIT = 32 << 20;
const inflated = (bytes: Uint8Array): Uint8Array => inflateSync(bytes, { maxOutputLength: TEXT_LIMIT });
const utf8 = new TextDecoder();
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** The text of a chunk whose keyword ends at `end` (PNG specification, third edition, 11.3.3: tEXt, zTXt, iTXt). */
function textIn(type: string, body: Uint8Array, end: number): string {
  if (type === 'tEXt') return latin1(body.subarray(end + 1));
  if (type === 'zTXt') return latin1(inflated(body.subarray(end + 2)));
  const compressed = body[end + 1] === 1;
  const language = body.indexOf(0, end + 3);
  const text = body.subarray(body.indexOf(0, language + 1) + 1);
  return utf8.decode(compressed ? inflated(text) : text);
}

/** The text under a keyword, from whatever chunk of text holds it; undefined where there is none. Of a cut picture, as far as it goes. */
export function textOf(png: Uint8Array, keyword: string): string | undefined {
  const wanted = new TextEncoder().encode(`${keyword}\0`);
  for (const { type, body } of chunksOf(png)) {
    if (type !== 'iTXt' && type !== 'zTXt' && type !== 'tEXt') continue;
    if (Buffer.compare(body.subarray(0, wanted.byteLength), wanted) !== 0) continue;
    try {
      return textIn(type, body, wanted.byteLength - 1);
    } catch {
      // Damaged: another chunk may hold it whole.
    }
  }
  return undefined;
}
