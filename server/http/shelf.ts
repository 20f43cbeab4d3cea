/** The shelf over HTTP: finished pictures by pages, by what they were asked for, by marks and boards, small ones of them, and how each was made. */
import { join } from 'node:path';
import express, { type Router } from 'express';
import { z } from 'zod';
import { changeInWords, failure, issuesOf, lastPrompt, recipeOf } from '../../core/index.ts';
import type { Boards } from '../data/boards.ts';
import type { Described } from '../data/described.ts';
import type { Stars } from '../data/stars.ts';
import type { Kept, Shelf } from '../keep/shelf.ts';
import { boardName, type Settings, type ShelfPage, type Shelved } from '../wire.ts';
import type { Thumbnails } from './thumbnails.ts';
import { isPlainName, plainFile } from './within.ts';

const PICTURE = /\.(?:png|jpe?g|webp)$/;
const PICTURE_LIMIT = '64mb';
const MARKS_LIMIT = '256kb';
/** Names are listed again after this long. */
const FRESH_MS = 1000;

const time = z.coerce.number().min(0).max(8.64e15);
const pageSchema = z.object({
  words: z.string().max(200).default(''),
  starred: z.stringbool().default(false),
  /** Whether pictures that were only tried out are among them. */
  sketches: z.stringbool().default(false),
  drawer: z.string().max(100).default(''),
  board: z.string().max(80).default(''),
  /** Milliseconds since 1970. */
  from: time.default(0),
  to: time.default(8.64e15),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(60),
});
type Wanted = z.output<typeof pageSchema>;
const names = z.array(z.string().min(1).max(300)).min(1).max(500);
const markSchema = z.object({ names, mark: z.enum(['star', 'away']), on: z.boolean() });
const boardSchema = z.object({ names, board: boardName, on: z.boolean() });
const namedSchema = z.object({ names });

export interface ShelfRoutes {
  readonly gallery: Shelf;
  readonly stars: Stars;
  /** What is put away is not shown; its file stays. */
  readonly away: Stars;
  /** Pictures that were only tried out: shown where they are asked for, are favourites or lie on the board that is looked at. */
  readonly sketches: Stars;
  readonly boards: Boards;
  readonly described: Described;
  readonly thumbnails: Thumbnails;
}

const addressOf = (name: string): string => `/gallery/${encodeURIComponent(name)}`;
const titleOf = (name: string): string =>
  name
    .replace(/\.[a-z]+$/, '')
    .replace(/-[0-9a-f]{8}$/, '')
    .replaceAll('-', ' ');

/** Throws when it does not say. */
export async function settingsOf(bytes: Uint8Array, where: string): Promise<Settings> {
  const { plugin, parameters, script } = await recipeOf(bytes, where);
  const changes = script.map(({ step, steer }) => ({ step, text: changeInWords(steer) })).filter((c) => c.text !== '');
  const ended = lastPrompt(script);
  return {
    plugin: plugin.id,
    parameters,
    ...(changes.length > 0 ? { changes } : {}),
    ...(ended === undefined ? {} : { ended }),
  };
}

/** Throws MESSAGE_INVALID. */
function asked<T>(schema: z.ZodType<T>, given: unknown, event: string): T {
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw failure('MESSAGE_INVALID', { event, what: issuesOf(parsed.error) });
  return parsed.data;
}

/** Pictures of the gallery that are not put away, the newest first, as they are now. */
class Shown {
  private readonly of: ShelfRoutes;
  private listed: { readonly at: number; readonly all: Promise<readonly Kept[]> } | undefined;

  constructor(of: ShelfRoutes) {
    this.of = of;
  }

  private all(): Promise<readonly Kept[]> {
    const now = performance.now();
    if (!this.listed || now > this.listed.at + FRESH_MS) {
      const { gallery, described } = this.of;
      const all = gallery.list().then((kept) => kept.sort((a, b) => b.at - a.at || a.name.localeCompare(b.name)));
      void all.then((kept) => described.fill(kept)).catch(() => undefined);
      this.listed = { at: now, all };
    }
    return this.listed.all;
  }

  private async pictures(): Promise<{ kept: Kept[]; shown: (kept: Kept) => Shelved; stars: ReadonlySet<string> }> {
    const { stars, away, described } = this.of;
    const [all, favourites, hidden] = await Promise.all([this.all(), stars.read(), away.read()]);
    const present = new Set(all.map(({ name }) => name));
    const shown = (kept: Kept): Shelved => {
      const { name, at } = kept;
      const svg = name.replace(/\.[a-z]+$/, '.svg');
      const words = described.of(kept)?.words;
      return {
        name,
        title: titleOf(name),
        at,
        starred: favourites.has(name),
        url: addressOf(name),
        small: `/small/${encodeURIComponent(name)}`,
        ...(words ? { words } : {}),
        ...(present.has(svg) ? { svg: addressOf(svg) } : {}),
      };
    };
    return { kept: all.filter(({ name }) => PICTURE.test(name) && !hidden.has(name)), shown, stars: favourites };
  }

  /** Throws BOARD_UNKNOWN. */
  async page({ words, starred, sketches, drawer, board, from, to, offset, limit }: Wanted): Promise<ShelfPage> {
    const { boards, described, sketches: tried } = this.of;
    const [{ kept, shown, stars }, sketched] = await Promise.all([this.pictures(), tried.read()]);
    const own = board === '' ? undefined : (await boards.read()).get(board);
    if (board !== '' && !own) throw failure('BOARD_UNKNOWN', { board });
    const on = own && new Set(own);
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const found = kept.filter((one) => {
      const { name, at } = one;
      if (sketched.has(name) && !sketches && !on && !stars.has(name)) return false;
      if ((starred && !stars.has(name)) || (on && !on.has(name)) || at < from || at > to) return false;
      const says = described.of(one);
      if (drawer !== '' && says?.drawer !== drawer) return false;
      const text = `${titleOf(name)} ${says?.words ?? ''} ${says?.plugin ?? ''} ${says?.drawer ?? ''}`.toLowerCase();
      return wanted.every((word) => text.includes(word));
    });
    const drawers = new Set(kept.map((one) => described.of(one)?.drawer ?? ''));
    return {
      total: found.length,
      sketches: sketched.size,
      drawers: [...drawers].filter((name) => name !== '').sort(),
      pictures: found.slice(offset, offset + limit).map(shown),
    };
  }

  /** Those of these names, in their order. */
  async named(wanted: readonly string[]): Promise<Shelved[]> {
    const { kept, shown } = await this.pictures();
    const byName = new Map(kept.map((one) => [one.name, one]));
    return wanted.flatMap((name) => byName.get(name) ?? []).map(shown);
  }
}

export function shelfRoutes(of: ShelfRoutes): Router {
  const { gallery, stars, away, boards, thumbnails } = of;
  const router = express.Router();
  const shown = new Shown(of);
  const body = express.json({ limit: MARKS_LIMIT });

  // A shelf is asked by plain names alone.
  router.param('name', (request, _response, next, name: string) =>
    next(isPlainName(name) ? undefined : failure('FILE_MISSING', { path: request.path })),
  );
  router.get('/shelf', async (request, response) => {
    response.json(await shown.page(asked(pageSchema, request.query, 'shelf')));
  });
  router.post('/shelf/named', body, async (request, response) => {
    response.json(await shown.named(asked(namedSchema, request.body, 'named').names));
  });
  router.post('/shelf/marks', body, async (request, response) => {
    const { names: which, mark, on } = asked(markSchema, request.body, 'marks');
    await (mark === 'star' ? stars : away).change(which, on);
    response.json({});
  });
  router.get('/shelf/boards', async (_request, response) => {
    const all = [...(await boards.read())].map(([name, pictures]) => ({ name, count: pictures.length }));
    response.json(all.sort((a, b) => a.name.localeCompare(b.name)));
  });
  router.post('/shelf/boards', body, async (request, response) => {
    const { names: which, board, on } = asked(boardSchema, request.body, 'boards');
    await boards.change(board, which, on);
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
