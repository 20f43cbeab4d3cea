import { join } from 'node:path';
import { folderShelf } from './folder.ts';
import type { Keep } from './shelf.ts';

/** `s3://BUCKET/PREFIX`, or folders of the data folder where nothing is said. Throws USAGE. */
export async function keepAt(pictures: string | undefined, data: string): Promise<Keep> {
  // The library for stores is large: only who wants it waits for it.
  if (pictures !== undefined) return (await import('./s3.ts')).s3Keep(pictures);
  return { gallery: folderShelf(join(data, 'gallery')), reports: folderShelf(join(data, 'reports')) };
}
