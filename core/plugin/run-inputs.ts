/** What a run was given, by content: named one by one, or, where that is many, counted and summed. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { once } from '../clip/remembered.ts';
import { type PictureSource, pictureName } from '../engine/requests.ts';
import type { RecordedInput, RecordedInputs } from './run-record.ts';

/** Every finished picture carries the list: more would make a picture's record larger than the picture. */
const NAMED_AT_MOST = 200;
/** Files that are read at once. */
const AT_ONCE = 8;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Piece by piece: a run may be given ten thousand photographs. */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}

type NameOf = (path: string) => string;

const record = async (picture: PictureSource, nameOf: NameOf): Promise<RecordedInput> => ({
  path: 'path' in picture ? nameOf(picture.path) : pictureName(picture),
  sha256: 'path' in picture ? await hashOfFile(picture.path) : sha256(picture.bytes),
});

/** SHA-256 over the hashes of all contents in their order, whatever their names. */
const sumOf = (inputs: readonly RecordedInput[]): string =>
  sha256(
    Buffer.from(
      inputs
        .map((i) => `${i.sha256}\n`)
        .sort()
        .join(''),
    ),
  );

export class RunInputs {
  /** Each is read once, however many pictures the run makes. */
  private readonly all = new Map<string, () => Promise<RecordedInput>>();
  private latest: Promise<RecordedInputs> | undefined;
  private readonly nameOf: NameOf;

  /** `nameOf`: what the record calls a file. */
  constructor(nameOf: NameOf = (path) => path) {
    this.nameOf = nameOf;
  }

  private add(name: string, given: () => Promise<RecordedInput>): void {
    this.all.set(name, once(given));
    this.latest = undefined;
  }
  /** Pictures, which are read when they are first asked for. */
  given(pictures: readonly PictureSource[]): void {
    for (const picture of pictures) this.add(pictureName(picture), () => record(picture, this.nameOf));
  }
  /** A file that was read: its bytes are not kept. */
  read(name: string, bytes: Uint8Array): void {
    const found = { path: this.nameOf(name), sha256: sha256(bytes) };
    this.add(name, async () => found);
  }
  /** What a record says of them. */
  told(): Promise<RecordedInputs> {
    this.latest ??= this.summed();
    return this.latest;
  }
  private async summed(): Promise<RecordedInputs> {
    const given = [...this.all.values()];
    const inputs: RecordedInput[] = [];
    for (let from = 0; from < given.length; from += AT_ONCE)
      inputs.push(...(await Promise.all(given.slice(from, from + AT_ONCE).map((one) => one()))));
    if (inputs.length <= NAMED_AT_MOST) return { inputs };
    return { inputs: [], many: { count: inputs.length, sha256: sumOf(inputs) } };
  }
}
