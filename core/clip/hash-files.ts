/** Hashes of a model's files. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { digest, type Store } from './store.ts';

/** SHA-256 over the names and contents of files, in order. */
export async function hashOf(files: readonly string[], store: Store): Promise<string> {
  const parts: string[] = [];
  for (const file of files) parts.push(`${basename(file)}\n${await contentHash(file, store)}\n`);
  return digest(parts.join(''));
}

/** What git calls a file of this content: SHA-1 over a header and the bytes. For small files. */
export async function gitHash(file: string): Promise<string> {
  const bytes = await readFile(file);
  return createHash('sha1').update(`blob ${bytes.byteLength}\0`).update(bytes).digest('hex');
}

/** SHA-256 of a file, remembered by its path, size and time of change. */
export async function contentHash(file: string, store: Store): Promise<string> {
  const { size, mtimeMs } = await stat(file);
  const key = `h:${digest(`${file}\n${size}\n${mtimeMs}`)}`;
  const known = store.get(key);
  if (known) return Buffer.from(known).toString('hex');
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  const found = hash.digest();
  store.put(key, found);
  return found.toString('hex');
}
