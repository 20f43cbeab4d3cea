/** Fetches one file: goes on where a connection was cut, and keeps nothing whose size or hash is wrong. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { deadline } from '../../deadline.ts';
import { failure, LodestoneError } from '../../errors.ts';
import type { Connection } from './connection.ts';
import { reason, refusal, rest } from './connection.ts';

export interface RemoteFile {
  readonly path: string;
  readonly size: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the content, or git's SHA-1 of a blob of it, in hexadecimal. */
  readonly hash: string;
}

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0;

async function isWhole({ hash, size }: RemoteFile, path: string): Promise<boolean> {
  const digest: Hash = hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  return digest.digest('hex') === hash;
}

/** Appends what the hub sends from `from` on. Returns the answer when it was a busy one. */
async function append(
  c: Connection,
  file: RemoteFile,
  partial: string,
  from: number,
  onBytes: (have: number) => void,
): Promise<Response | undefined> {
  const { signal, again, clear } = deadline(c.patience.silence, 'nothing came for a while', c.signal);
  try {
    const headers = {
      ...file.headers,
      'Accept-Encoding': 'identity',
      ...(from > 0 ? { Range: `bytes=${from}-` } : {}),
    };
    const response = await c.fetch(file.url, { headers, signal });
    if (response.status === 429 || response.status >= 500) return response;
    if (response.status === 416) {
      await rm(partial, { force: true });
      return undefined;
    }
    if (!response.ok || !response.body) throw refusal(c, response.status, file.path);
    // A server that knows no ranges sends the whole again.
    const start = response.status === 206 ? from : 0;
    let have = start;
    const counted = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of source) {
        again();
        have += chunk.byteLength;
        if (have > file.size)
          throw failure('HUB_CORRUPT', {
            repository: c.repository,
            file: file.path,
            what: `it is longer than the ${file.size} bytes that the hub lists`,
          });
        onBytes(have);
        yield chunk;
      }
    };
    const body = Readable.fromWeb(response.body as ReadableStream<Uint8Array>);
    await pipeline(body, counted, createWriteStream(partial, { flags: start > 0 ? 'a' : 'w' }));
    return undefined;
  } finally {
    clear();
  }
}

interface Try {
  readonly before: number;
  readonly have: number;
  readonly busy?: Response | undefined;
  readonly broken?: unknown;
}

/** One connection's worth of the file. What the hub refuses for good is thrown. */
async function once(c: Connection, file: RemoteFile, partial: string, onBytes: (have: number) => void): Promise<Try> {
  const before = Math.min(await sizeOf(partial), file.size);
  if (before === file.size && before > 0) return { before, have: before };
  try {
    const busy = await append(c, file, partial, before, onBytes);
    return { before, have: await sizeOf(partial), busy };
  } catch (thrown) {
    if (c.signal?.aborted) throw failure('CANCELLED', {}, thrown);
    if (thrown instanceof LodestoneError) throw thrown;
    return { before, have: await sizeOf(partial), broken: thrown };
  }
}

function givenUp(c: Connection, file: RemoteFile, { have, busy, broken }: Try): Error {
  if (busy) return refusal(c, busy.status, file.path);
  const why = broken === undefined ? '' : ` (${reason(broken)})`;
  return failure(
    'HUB_FAILED',
    { repository: c.repository, what: `${file.path} was cut at ${have} of ${file.size} bytes${why}` },
    broken,
  );
}

/** Fetches the file to `target`, by way of a file of our own beside it: other tools append to `target`.incomplete under locks of theirs. Throws HUB_*, CANCELLED, FILE_WRITE. */
export async function transfer(
  c: Connection,
  file: RemoteFile,
  target: string,
  onBytes: (have: number) => void,
): Promise<void> {
  const partial = `${target}.lodestone-incomplete`;
  let fruitless = 0;
  let restarted = false;
  for (;;) {
    const tried = await once(c, file, partial, onBytes);
    if (tried.have === file.size && !tried.broken && !tried.busy) {
      if (await isWhole(file, partial)) return rename(partial, target);
      await rm(partial, { force: true });
      // What was left of an earlier try may have been of another kind: once from the beginning, then no more.
      if (tried.before === 0 || restarted)
        throw failure('HUB_CORRUPT', {
          repository: c.repository,
          file: file.path,
          what: 'its content does not have the hash that the hub lists',
        });
      restarted = true;
      continue;
    }
    fruitless = tried.have > tried.before ? 0 : fruitless + 1;
    if (fruitless >= c.patience.attempts) throw givenUp(c, file, tried);
    await rest(c, fruitless, tried.busy);
  }
}
