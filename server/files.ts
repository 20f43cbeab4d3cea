/** What plugins may be given beside pictures: files that are no pictures, and the folders of other models. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  decodeText,
  EMBEDDED,
  failure,
  locateModel,
  messageOf,
  type Policy,
  parsePolicy,
  READ_LIMIT,
} from '../core/index.ts';
import { allowedPath, type PicturePlaces, uploadedPath } from './pictures.ts';

/** Throws PATH_OUTSIDE, FILE_MISSING, FILE_TOO_LARGE. */
export async function readAllowed(file: string, places: PicturePlaces): Promise<Uint8Array> {
  const path = (await uploadedPath(file, places)) ?? (await allowedPath(file, places));
  const found = await stat(path);
  if (!found.isFile()) throw failure('FILE_MISSING', { path: file });
  if (found.size > READ_LIMIT) throw failure('FILE_TOO_LARGE', { path: file, limit: `${READ_LIMIT >> 20} MiB` });
  return readFile(path);
}

const HUB_NAME = /^[a-zA-Z0-9][\w.-]*\/[a-zA-Z0-9][\w.-]*(?:@[\w./-]+)?$/;

/** A model's folder: one that may be read, or one of a hub; where only some folders may be read, it must have been fetched before. */
export async function allowedModel(
  name: string,
  { offline = false, ...places }: PicturePlaces & { readonly offline?: boolean },
  signal: AbortSignal,
): Promise<string> {
  if (name === 'embedded') return EMBEDDED;
  // Whatever is not plainly a name on a hub is a path, and checked as one.
  if (!HUB_NAME.test(name) || name.includes('..') || existsSync(name)) return allowedPath(name, places);
  return locateModel(name, { signal, ...(places.allowed || offline ? { offline: true } : {}) });
}

/** Where galleries, uploads and what plugins keep lie unless another place is named. */
export const DATA = process.env['LODESTONE_DATA'] ?? join(homedir(), '.lodestone');

/** Where a plugin's own folder is, or will be. */
export const pluginPlace = (data: string, plugin: string): string => resolve(data, 'plugins', plugin);

/** A folder of a plugin's own. Throws FILE_WRITE. */
export async function pluginFolder(data: string, plugin: string): Promise<string> {
  const path = pluginPlace(data, plugin);
  await mkdir(path, { recursive: true }).catch((cause: unknown) => {
    throw failure('FILE_WRITE', { path, what: messageOf(cause) }, cause);
  });
  return path;
}

/** A policy in a file of the person who starts the program, where one is named. Throws FILE_MISSING, POLICY_INVALID. */
export async function policyIn(file: string | undefined): Promise<Policy | undefined> {
  return file === undefined ? undefined : parsePolicy(decodeText(await readAllowed(file, {}), file), file);
}
