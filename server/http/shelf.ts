/** The shelf over HTTP: finished pictures by pages, by words of their names and by marks, small ones of them, and how each was made. */
import { join } from 'node:path';
import express, { type Router } from 'express';
import { z } from 'zod';
import { failure, issuesOf, recipeOf } from '../../core/index.ts';
import type { Stars } from '../data/stars.ts';
import type { Kept, Shelf } from '../keep/shelf.ts';
import type { Settings, ShelfPage } from '../wire.ts';
import type { Thumbnails } from './thumbnails.ts';
import { isPlainName, plainFile } from './within.ts';

const PICTURE = /\.(?:png|jpe?g|webp)$/;
const PICTURE_LIMIT = '64mb';
/** Names are listed again after this long. */
const FRESH_MS = 1000;

const pageSchema = z.object({
  words: z.string().max(200).default(''),
  starred: z.stringbool().default(false),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(60),
});
const markSchema = z.object({
  names: z.array(z.string().min(1).max(300)).min(1).max(500),
  mark: z.enum(['star', 'away']),
  on: z.boolean(),
});

export interface ShelfRoutes {
  readonly gallery: Shelf;
  readonly stars: Stars;
  /** What is put away is not shown; its file stays. */
  readonly away: Stars;
  readonly thumbnails: Thumbnails;
}

const addressOf = (name: string): string => `/gallery/${encodeURIComponent(name)}`;
const titleOf = (name: string): string =>
  name
    .replace(/\.[a-z]+$/, '')
    .replace(/-[0-9a-f]{8}$/, '')
    .replaceAll('-', ' ');

async function settingsOf(bytes: Uint8Array, where: string): Promise<Settings> {
  const { plugin, parameters } = await recipeOf(bytes, where);
  return { plugin: plugin.id, parameters };
}

export function shelfRoutes({ gallery, stars, away, thumbnails }: ShelfRoutes): Router {
  const router = express.Router();
  let listed: { readonly at: number; readonly all: Promise<Kept[]> } | undefined;
  const all = (): Promise<Kept[]> => {
    const now = performance.now();
    if (!listed || now > listed.at + FRESH_MS) {
      const found = gallery.list().then((kept) => kept.sort((a, b) => b.at - a.at || a.name.localeCompare(b.name)));
      listed = { at: now, all: found };
    }
    return listed.all;
  };

  // A shelf is asked by plain names alone.
  router.param('name', (request, _response, next, name: string) =>
    next(isPlainName(name) ? undefined : failure('FILE_MISSING', { path: request.path })),
  );
  router.get('/shelf', async (request, response) => {
    const parsed = pageSchema.safeParse(request.query);
    if (!parsed.success) throw failure('MESSAGE_INVALID', { event: 'shelf', what: issuesOf(parsed.error) });
    const { words, starred, offset, limit } = parsed.data;
    const [kept, favourites, hidden] = await Promise.all([all(), stars.read(), away.read()]);
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const names = new Set(kept.map(({ name }) => name));
    const found = kept.filter(({ name }) => {
      if (!PICTURE.test(name) || hidden.has(name) || (starred && !favourites.has(name))) return false;
      const title = titleOf(name).toLowerCase();
      return wanted.every((word) => title.includes(word));
    });
    const page: ShelfPage = {
      total: found.length,
      pictures: found.slice(offset, offset + limit).map(({ name, at }) => {
        const svg = name.replace(/\.[a-z]+$/, '.svg');
        return {
          name,
          title: titleOf(name),
          at,
          starred: favourites.has(name),
          url: addressOf(name),
          small: `/small/${encodeURIComponent(name)}`,
          ...(names.has(svg) ? { svg: addressOf(svg) } : {}),
        };
      }),
    };
    response.json(page);
  });
  router.post('/shelf/marks', express.json({ limit: '256kb' }), async (request, response) => {
    const parsed = markSchema.safeParse(request.body);
    if (!parsed.success) throw failure('MESSAGE_INVALID', { event: 'marks', what: issuesOf(parsed.error) });
    const { names, mark, on } = parsed.data;
    await (mark === 'star' ? stars : away).change(names, on);
    response.json({});
  });
  router.get('/small/:name', async (request, response) => {
    const { name } = request.params;
    const isFile = await plainFile(gallery.place, name);
    const found = isFile && (await thumbnails.of(join(gallery.place, name)).catch(() => undefined));
    response.set('cache-control', 'private, max-age=3600');
    if (found) response.type('webp').send(Buffer.from(found));
    // Beside a store there are no small ones.
    else response.redirect(addressOf(name));
  });
  router.get('/settings/:name', async (request, response) => {
    const bytes = await gallery.read(request.params.name);
    if (!bytes) throw failure('FILE_MISSING', { path: request.path });
    response.json(await settingsOf(bytes, request.params.name));
  });
  router.post('/settings', express.raw({ type: () => true, limit: PICTURE_LIMIT }), async (request, response) => {
    const bytes: unknown = request.body;
    if (!(bytes instanceof Uint8Array))
      throw failure('MESSAGE_INVALID', { event: 'settings', what: 'no picture came' });
    response.json(await settingsOf(bytes, 'the picture that was dropped'));
  });
  return router;
}
