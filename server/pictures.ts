/** Turns what a pictures field holds into pictures: files and folders inside the allowed ones, uploads, addresses. */
import { randomUUID } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { PictureSource } from '../core/index.ts';
import { failure, isInside, listPictures, messageOf, passedInWords, plainError, writeWhole } from '../core/index.ts';
import { fetchPicture } from './fetch-picture.ts';

/** Which of the shelf: all where neither is named. */
export interface OnShelf {
  readonly board?: string | undefined;
  readonly name?: string | undefined;
}

export interface PicturePlaces {
  /** Folders that may be read; undefined opens every one (the command line acts for the person who typed it). */
  readonly allowed?: readonly string[];
  /** Where `upload:` names lie. */
  readonly uploads?: string;
  /** Pictures of the gallery that are shown: all, those of a board, or the one of a name, as paths. Throws BOARD_UNKNOWN. */
  readonly shelf?: (which: OnShelf) => Promise<readonly string[]>;
  /** Told of every upload that is asked for. */
  readonly touched?: (name: string) => Promise<void>;
}

const UPLOAD = /^upload:([\p{L}\p{M}\p{N}._-]+)$/u;
/** The whole shelf, a picture of it, or a board. */
const SHELF = /^(?:shelf:(?<name>[^/\\]{0,300})|board:(?<board>.{1,80}))$/u;
const ADDRESS = /^https?:\/\//i;
/** Addresses that one job may have fetched. */
const ADDRESSES = 100;

/** The path with links followed, when it lies in an allowed folder. Throws PATH_OUTSIDE, FILE_MISSING. */
export async function allowedPath(path: string, { allowed }: PicturePlaces): Promise<string> {
  const full = resolve(path);
  if (allowed && !allowed.some((folder) => isInside(resolve(folder), full))) throw failure('PATH_OUTSIDE', { path });
  const real = await realpath(full).catch((cause: unknown) => {
    throw failure('FILE_MISSING', { path }, cause);
  });
  if (!allowed) return full;
  const roots = await Promise.all(allowed.map((folder) => realpath(folder).catch(() => resolve(folder))));
  if (!roots.some((root) => isInside(root, real))) throw failure('PATH_OUTSIDE', { path });
  return full;
}

/** The file of an `upload:` name; nothing for other names. Throws PATH_OUTSIDE, FILE_MISSING. */
export async function uploadedPath(field: string, { uploads, touched }: PicturePlaces): Promise<string | undefined> {
  const upload = UPLOAD.exec(field)?.[1];
  if (upload && uploads) await touched?.(upload);
  return upload && uploads ? allowedPath(join(uploads, upload), { allowed: [uploads] }) : undefined;
}

/** Kept as a file where there is a place for uploads, so that it takes no memory and can be looked at. */
async function fetched(address: string, { uploads }: PicturePlaces, signal?: AbortSignal): Promise<PictureSource> {
  const bytes = await fetchPicture(address, signal ? { signal } : {});
  if (!uploads) return { bytes, name: address.slice(0, 255) };
  const stem = new URL(address).pathname
    .split('/')
    .at(-1)
    ?.replace(/[^a-zA-Z0-9._-]+/g, '-')
    .slice(-80);
  const path = join(uploads, `${randomUUID().slice(0, 8)}-${stem || 'picture'}`);
  await writeWhole(path, bytes);
  return { path };
}

/** What stands between somebody who names pictures and these: one that is not there is told of, and the others are taken. */
const GOES_ON: ReadonlySet<string> = new Set(['FILE_MISSING', 'SERVICE_FAILED']);

/**
 * `say` is told what was passed over and why. Throws PATH_OUTSIDE, ADDRESS_REFUSED; NO_PICTURES or the first reason where nothing is left.
 */
export async function gatherPictures(
  fields: readonly string[],
  places: PicturePlaces,
  signal?: AbortSignal,
  say: (text: string) => void = () => undefined,
): Promise<PictureSource[]> {
  const found: PictureSource[] = [];
  const addresses = fields.filter((f) => ADDRESS.test(f)).length;
  if (addresses > ADDRESSES)
    throw failure('ADDRESS_REFUSED', {
      address: `the list of ${addresses} addresses`,
      what: `${ADDRESSES} is the most at once`,
    });
  const reasons: unknown[] = [];
  for (const field of fields)
    try {
      for (const picture of await picturesOf(field, places, signal, say)) found.push(picture);
    } catch (thrown) {
      if (!GOES_ON.has(plainError(thrown).code) || fields.length === 1) throw thrown;
      reasons.push(thrown);
      say(`${messageOf(thrown)} It was left out.`);
    }
  if (found.length > 0) return found;
  throw reasons[0] ?? failure('NO_PICTURES', { path: fields.join(', ') || 'an empty list' });
}

async function picturesOf(
  field: string,
  places: PicturePlaces,
  signal: AbortSignal | undefined,
  say: (text: string) => void,
): Promise<readonly PictureSource[]> {
  if (ADDRESS.test(field)) return [await fetched(field, places, signal)];
  const upload = await uploadedPath(field, places);
  if (upload) return [{ path: upload }];
  const onShelf = SHELF.exec(field)?.groups;
  if (onShelf && places.shelf) {
    const paths = await places.shelf({ board: onShelf['board'], name: onShelf['name'] || undefined });
    if (paths.length === 0) throw failure('FILE_MISSING', { path: field });
    return paths.map((path) => ({ path }));
  }
  const { allowed, uploads } = places;
  const inside = allowed && uploads ? { allowed: [...allowed, uploads] } : places;
  const roots =
    inside.allowed && (await Promise.all(inside.allowed.map((root) => realpath(root).catch(() => resolve(root)))));
  const permits = (real: string): boolean => roots?.some((root) => isInside(root, real)) ?? true;
  const { paths, passed } = await listPictures(await allowedPath(field, inside), permits);
  const words = passedInWords(passed);
  if (words) say(`${field}: ${words}`);
  return paths.map((path) => ({ path }));
}
