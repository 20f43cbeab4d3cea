/**
 * Reads a model file without its weights: large raw data are left where they lie and named as external data of the same file.
 * What comes back is a valid, small model. Field numbers are onnx.proto's.
 */
import { type FileHandle, open } from 'node:fs/promises';

const GRAPH = 7;
const INITIALISER = 5;
const RAW_DATA = 9;
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;
const LENGTH_DELIMITED = 2;
/** Data of fewer bytes than this are read. */
const LARGE = 128 << 10;
const WINDOW = 1 << 20;
/** All that is kept in memory of one file. */
const KEPT_LIMIT = 512 << 20;

/** A file read forwards through a window. */
class Reader {
  position = 0;
  private readonly file: FileHandle;
  private readonly size: number;
  private window = new Uint8Array();
  private from = 0;

  constructor(file: FileHandle, size: number) {
    this.file = file;
    this.size = size;
  }

  /** The next `length` bytes. Throws when the file ends before. */
  async bytes(length: number): Promise<Uint8Array> {
    if (this.position + length > this.size)
      throw new Error(`it ends at byte ${this.size}, where ${this.position + length} bytes are announced`);
    const inside = this.position - this.from;
    if (inside < 0 || inside + length > this.window.length) {
      this.window = new Uint8Array(Math.min(Math.max(length, WINDOW), this.size - this.position));
      await this.file.read(this.window, 0, this.window.length, this.position);
      this.from = this.position;
    }
    const start = this.position - this.from;
    this.position += length;
    return this.window.subarray(start, start + length);
  }

  async varint(): Promise<number> {
    let value = 0;
    for (let shift = 0; shift < 64; shift += 7) {
      const [byte = 0] = await this.bytes(1);
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new Error(`a number at byte ${this.position} does not end`);
  }
}

function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return [...out, rest];
}
const tag = (field: number, wire: number): number[] => varint(field * 8 + wire);
const prefixed = (field: number, content: Uint8Array): Uint8Array[] => [
  Uint8Array.from([...tag(field, LENGTH_DELIMITED), ...varint(content.length)]),
  content,
];
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((n, p) => n + p.length, 0);
  if (length > KEPT_LIMIT) throw new Error(`it holds more than ${KEPT_LIMIT >> 20} MiB beside its weights`);
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

type Visit = (field: number, length: number) => Promise<Uint8Array[] | undefined>;

/** Copies a message up to `end`; `visit` may take a length-delimited field over. */
async function copied(reader: Reader, end: number, visit: Visit): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  while (reader.position < end) {
    const key = await reader.varint();
    const [field, wire] = [Math.floor(key / 8), key % 8];
    const head = Uint8Array.from(varint(key));
    if (wire === 0) parts.push(head, Uint8Array.from(varint(await reader.varint())));
    else if (wire === 1) parts.push(head, (await reader.bytes(8)).slice());
    else if (wire === 5) parts.push(head, (await reader.bytes(4)).slice());
    else if (wire === LENGTH_DELIMITED) {
      const length = await reader.varint();
      if (reader.position + length > end)
        throw new Error(`a field at byte ${reader.position} is longer than what holds it; the file is cut short`);
      parts.push(...((await visit(field, length)) ?? prefixed(field, (await reader.bytes(length)).slice())));
    } else throw new Error(`byte ${reader.position} is not protobuf`);
  }
  return joined(parts);
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const entry = (key: string, value: string): Uint8Array =>
  joined([...prefixed(1, text(key)), ...prefixed(2, text(value))]);
const reference = (name: string, offset: number, length: number): Uint8Array[] => [
  ...prefixed(EXTERNAL_DATA, entry('location', name)),
  ...prefixed(EXTERNAL_DATA, entry('offset', String(offset))),
  ...prefixed(EXTERNAL_DATA, entry('length', String(length))),
  Uint8Array.from([...tag(DATA_LOCATION, 0), 1]),
];

/** The model at `path` without its large weights, which refer to `name`. Throws what is wrong with the bytes. */
export async function skim(path: string, name: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const reader = new Reader(file, size);
    const tensor: Visit = async (field, length) => {
      if (field !== RAW_DATA || length < LARGE) return undefined;
      const offset = reader.position;
      reader.position += length;
      return reference(name, offset, length);
    };
    const graph: Visit = async (field, length) =>
      field === INITIALISER && length >= LARGE
        ? prefixed(field, await copied(reader, reader.position + length, tensor))
        : undefined;
    const model: Visit = async (field, length) =>
      field === GRAPH ? prefixed(field, await copied(reader, reader.position + length, graph)) : undefined;
    return await copied(reader, size, model);
  } finally {
    await file.close();
  }
}
