/** A picture's file as bytes, or the true reason why there are none. */
import { readFile } from 'node:fs/promises';
import { failure, type LodestoneError, messageOf } from '../errors.ts';
import { HEAD_BYTES, kindOf, OPENED_KINDS, opens } from './kinds.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there; check the path',
  ENOTDIR: 'it is not there; check the path',
  EACCES: 'it may not be read; change its permissions',
  EPERM: 'it may not be read; change its permissions',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its path is too long',
  EMFILE: 'too many files are open; try again',
  ENFILE: 'too many files are open; try again',
};

/** `label` names it in errors. Throws PICTURE_OUT_OF_REACH, which may pass; PICTURE_UNREADABLE for what is no picture, which does not. */
export async function readPicture(path: string, label: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw failure('PICTURE_OUT_OF_REACH', { picture: label, what: REASONS[code] ?? messageOf(cause) }, cause);
  });
  checkKind(bytes, label);
  return bytes;
}

/** Throws PICTURE_UNREADABLE for bytes that are no picture that can be opened. */
export function checkKind(bytes: Uint8Array, label: string): void {
  const refuse = (what: string): LodestoneError => failure('PICTURE_UNREADABLE', { picture: label, what });
  if (bytes.byteLength === 0) throw refuse('it is empty; save or copy it again');
  const kind = kindOf(bytes.subarray(0, HEAD_BYTES));
  if (kind === undefined) throw refuse(`it is no picture; use ${OPENED_KINDS}`);
  if (!opens(kind)) throw refuse(`pictures of the kind ${kind} are not opened; save it as PNG or JPEG`);
}
