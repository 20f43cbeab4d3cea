/** Where finished pictures and reports are kept: by name, whole, whether that is a folder or a store that speaks S3. */
import { createHash } from 'node:crypto';
import type { RequestHandler } from 'express';

export interface Kept {
  readonly name: string;
  /** When it was written; milliseconds since 1970. */
  readonly at: number;
  /** Bytes. */
  readonly size: number;
}

/** Things of one kind. Names are plain: no folders, no leading dot. */
export interface Shelf {
  /** Where it is, for people. */
  readonly place: string;
  /** Whole or not at all; the same again is not written again. Throws FILE_WRITE. */
  put(name: string, bytes: Uint8Array, mime: string): Promise<void>;
  /** Nothing where there is none. Throws STORE_UNREACHABLE. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** In no order. */
  list(): Promise<Kept[]>;
  remove(name: string): Promise<void>;
  /** Gives them over HTTP, each at its name, with these headers. */
  serve(headers: Readonly<Record<string, string>>): RequestHandler;
}

/** All that is kept. */
export interface Keep {
  readonly gallery: Shelf;
  readonly reports: Shelf;
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
