/** The HTTP side: the studio's files, the gallery, uploads, thumbnails, health. */
import { randomUUID } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import sharp from 'sharp';
import type { PlainError } from '../../core/index.ts';
import { failure, plainError, writeWhole } from '../../core/index.ts';
import type { Jobs } from '../jobs.ts';
import { allowedPath, type PicturePlaces } from '../pictures.ts';
import { type GuardOptions, guard, sameToken, TOKEN_COOKIE } from './guard.ts';

const UPLOAD_LIMIT = 64 << 20;
const UPLOADS_KEPT = 5000;
const THUMBNAIL = 320;
const NAME_LIMIT = 80;
const LAG_RESOLUTION_MS = 5;

export interface AppOptions extends GuardOptions {
  readonly jobs: Jobs;
  /** The built studio. */
  readonly web: string;
  readonly gallery: string;
  readonly uploads: string;
  readonly reports: string;
  readonly places: PicturePlaces;
}

const STATUS: Partial<Record<PlainError['code'], number>> = {
  ORIGIN_REFUSED: 403,
  TOKEN_REFUSED: 401,
  PATH_OUTSIDE: 403,
  FILE_MISSING: 404,
  JOB_UNKNOWN: 404,
  UPLOAD_TOO_LARGE: 413,
  PICTURE_UNREADABLE: 422,
  INTERNAL: 500,
};

const policy = [
  "default-src 'self'",
  "img-src 'self' blob: data:",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self' ws: wss:",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');
const headers: RequestHandler = (_request, response, next) => {
  response.set({
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  });
  next();
};

function guarded(options: GuardOptions): RequestHandler {
  return (request, response, next) => {
    guard(request, options);
    const { token } = request.query;
    if (options.token && typeof token === 'string' && sameToken(token, options.token))
      response.cookie(TOKEN_COOKIE, options.token, { httpOnly: true, sameSite: 'strict' });
    next();
  };
}

const asError: ErrorRequestHandler = (thrown: unknown, _request, response, _next) => {
  const tooLarge =
    typeof thrown === 'object' && thrown !== null && 'type' in thrown && thrown.type === 'entity.too.large';
  const error = plainError(tooLarge ? failure('UPLOAD_TOO_LARGE', { limit: `${UPLOAD_LIMIT >> 20} MiB` }) : thrown);
  response.status(STATUS[error.code] ?? 400).json({ error });
};

export function createApp({ jobs, web, gallery, uploads, reports, places, ...guardOptions }: AppOptions): Express {
  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  lag.enable();
  const app = express();
  app.disable('x-powered-by');
  app.use(headers, guarded(guardOptions));

  app.get('/health', (_request, response) => {
    const milliseconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - LAG_RESOLUTION_MS);
    response.json({
      ok: true,
      lag: { p50: milliseconds(lag.percentile(50)), p99: milliseconds(lag.percentile(99)), max: milliseconds(lag.max) },
    });
    lag.reset();
  });

  app.post('/uploads', express.raw({ type: () => true, limit: UPLOAD_LIMIT }), async (request, response) => {
    const bytes: unknown = request.body;
    if (!(bytes instanceof Uint8Array) || bytes.byteLength === 0)
      throw failure('PICTURE_UNREADABLE', { picture: 'the upload', what: 'it is empty' });
    if ((await readdir(uploads).catch(() => [])).length >= UPLOADS_KEPT)
      throw failure('UPLOAD_TOO_LARGE', { limit: `${UPLOADS_KEPT} pictures in all` });
    const { format } = await sharp(bytes, { limitInputPixels: 100_000_000 })
      .metadata()
      .catch((cause: unknown) => {
        throw failure(
          'PICTURE_UNREADABLE',
          { picture: 'the upload', what: 'it is not in a format that is known' },
          cause,
        );
      });
    const given = typeof request.query['name'] === 'string' ? request.query['name'] : '';
    const stem = given
      .replace(/\.[^.]*$/, '')
      .replace(/[^a-zA-Z0-9_-]+/g, '-')
      .slice(0, NAME_LIMIT);
    const name = `${randomUUID().slice(0, 8)}-${stem || 'picture'}.${format}`;
    await writeWhole(join(uploads, name), bytes);
    response.json({ path: `upload:${name}` });
  });

  const thumbnail = async (picture: string): Promise<Buffer> => {
    const path = await allowedPath(picture, places.allowed ? { allowed: [...places.allowed, uploads] } : places);
    const image = sharp(path).autoOrient().resize(THUMBNAIL, THUMBNAIL, { fit: 'inside', withoutEnlargement: true });
    return image.webp().toBuffer();
  };
  app.get('/jobs/:job/ranking/:index', async (request, response) => {
    const item = jobs.get(request.params.job).ranking?.items[Number(request.params.index)];
    if (!item) throw failure('FILE_MISSING', { path: request.path });
    response.type('webp').send(await thumbnail(item.picture));
  });
  app.get('/jobs/:job/question/:question/:index', async (request, response) => {
    const { question } = jobs.get(request.params.job);
    const picture =
      question?.id === request.params.question ? question.pictures[Number(request.params.index)] : undefined;
    if (!picture) throw failure('FILE_MISSING', { path: request.path });
    response.type('webp').send(await thumbnail(picture));
  });

  app.get('/gallery', async (_request, response) => {
    const names = (await readdir(gallery).catch(() => [] as string[])).filter(
      (n) => n.endsWith('.png') && !n.startsWith('.'),
    );
    const dated = await Promise.all(
      names.map(async (name) => ({ name, at: (await stat(join(gallery, name))).mtimeMs })),
    );
    response.json(
      dated
        .sort((a, b) => b.at - a.at)
        .slice(0, 200)
        .map(({ name }) => ({ name, url: `/gallery/${encodeURIComponent(name)}` })),
    );
  });
  // What a plugin wrote is not to run as a page of this origin.
  app.use('/reports', (_request, response, next) => {
    response.set({ 'content-security-policy': 'sandbox', 'content-disposition': 'attachment' });
    next();
  });
  app.use('/reports', express.static(reports, { dotfiles: 'ignore', index: false }));
  // A drawing may come from a plugin: it is looked at, and runs nothing.
  app.use('/gallery', (_request, response, next) => {
    response.set('content-security-policy', 'sandbox');
    next();
  });
  app.use('/gallery', express.static(gallery, { dotfiles: 'ignore', index: false }));
  app.use(express.static(web, { dotfiles: 'ignore' }));
  app.use(() => {
    throw failure('FILE_MISSING', { path: 'this address' });
  });
  app.use(asError);
  return app;
}
