/** Files of one folder over HTTP: what lies in it, links not followed out of it. */
import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import express, { type RequestHandler, Router } from 'express';

/** Passes a request on only where its path is a plain file inside the folder; others are not found. */
function plainFilesOf(folder: string): RequestHandler {
  return async (request, _response, next) => {
    const name = decoded(request.path);
    const found = name === undefined ? undefined : await lstat(join(folder, name)).catch(() => undefined);
    const real = found?.isFile() ? await realpath(join(folder, name ?? '')).catch(() => undefined) : undefined;
    if (real !== undefined && real === join(await realpath(folder), name ?? '')) return next();
    // As for a file that is not there: what links lead to is nobody's business.
    return next('router');
  };
}

/** Whether it names something directly in a folder, and nothing elsewhere. */
export const isPlainName = (name: string): boolean => /^[^/\\\0]+$/.test(name) && !name.startsWith('.');

/** A name directly in the folder. */
function decoded(path: string): string | undefined {
  try {
    const name = decodeURIComponent(path.slice(1));
    return isPlainName(name) ? name : undefined;
  } catch {
    return undefined;
  }
}

export function filesWithin(folder: string, headers: Readonly<Record<string, string>>): Router {
  const router = Router();
  router.use(plainFilesOf(folder));
  router.use((_request, response, next) => {
    response.set(headers);
    next();
  });
  router.use(express.static(folder, { dotfiles: 'ignore', index: false, redirect: false }));
  return router;
}

/** Whether a name in a folder is a plain file, and when it was changed. */
export async function plainFile(
  folder: string,
  name: string,
): Promise<{ readonly at: number; readonly size: number } | undefined> {
  const found = await lstat(join(folder, name)).catch(() => undefined);
  return found?.isFile() ? { at: found.mtimeMs, size: found.size } : undefined;
}
