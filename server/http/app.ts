/** The HTTP side: the studio's files, the gallery, uploads, thumbnails, health. Who may ask is decided before: see guard.ts. */
import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import { failure, type PlainError, plainError } from '../../core/index.ts';
import type { Boards } from '../data/boards.ts';
import type { Described } from '../data/described.ts';
import type { Stars } from '../data/stars.ts';
import type { Frames } from '../frames.ts';
import type { Jobs } from '../jobs.ts';
import type { Keep } from '../keep/shelf.ts';
import type { Metrics } from '../metrics.ts';
import { movingPicture, ofOneSize, withRest } from '../moving-picture.ts';
import { allowedPath, type PicturePlaces } from '../pictures.ts';
import type { Job } from '../runs/job.ts';
import type { Uploads } from '../uploads.ts';
import type { PictureMap } from '../wire.ts';
import { formRoutes } from './form.ts';
import { numbered } from './person.ts';
import { settingsOf, shelfRoutes } from './shelf.ts';
import { httpStatusOf } from './status.ts';
import { largeOf, type Thumbnails } from './thumbnails.ts';

const LAG_RESOLUTION_MS = 5;

export interface AppOptions {
  readonly jobs: Jobs;
  /** The built studio. */
  readonly web: string;
  readonly keep: Keep;
  readonly uploads: Uploads;
  readonly thumbnails: Thumbnails;
  readonly frames: Frames;
  readonly stars: Stars;
  readonly away: Stars;
  readonly sketches: Stars;
  readonly boards: Boards;
  readonly described: Described;
  readonly places: PicturePlaces;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

const policy = [
  "default-src 'self'",
  "img-src 'self' blob: data:",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self' ws: wss:",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');
/** What names pictures of a run one by one. */
const PICTURED = ['ranking', 'matrix', 'map'] as const;
function picturesOf(job: Job, kind: (typeof PICTURED)[number]): readonly { readonly picture: string }[] {
  const all = { ranking: job.ranking?.items, matrix: job.matrix?.rows, map: job.map?.points };
  return all[kind] ?? [];
}
const headers: RequestHandler = (_request, response, next) => {
  response.set('content-security-policy', policy);
  next();
};

/** What express says is wrong with a request has a status of its own: a range that cannot be met, an encoding that is not known. */
function refusalOf(thrown: unknown): { readonly status: number; readonly error: PlainError } {
  const status = typeof thrown === 'object' && thrown !== null && 'status' in thrown ? Number(thrown.status) : 0;
  if (status < 400 || status > 499) {
    const error = plainError(thrown);
    return { status: httpStatusOf(error.code), error };
  }
  if (status === 404) return { status, error: plainError(failure('FILE_MISSING', { path: 'this address' })) };
  const what = thrown instanceof Error ? thrown.message : 'it cannot be met';
  return { status, error: plainError(failure('MESSAGE_INVALID', { event: 'request', what })) };
}

const answering =
  (logger: Logger): ErrorRequestHandler =>
  (thrown: unknown, request, response, _next) => {
    const { status, error } = refusalOf(thrown);
    logger[status >= 500 ? 'error' : 'info']({ code: error.code, status, path: request.path }, error.message);
    if (response.headersSent) response.destroy();
    else {
      // What was to be sent may have had a type of its own.
      response.removeHeader('content-type');
      response.status(status).json({ error });
    }
  };

export function createApp({
  jobs,
  web,
  keep,
  uploads,
  thumbnails,
  frames,
  stars,
  away,
  sketches,
  boards,
  described,
  places,
  metrics,
  logger,
}: AppOptions): Express {
  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  lag.enable();
  const app = express();
  app.disable('x-powered-by');
  app.use(headers);
  app.use(numbered);

  // Live: this answers. Ready: runs can be asked for.
  app.get('/health', async (_request, response) => {
    const milliseconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - LAG_RESOLUTION_MS);
    response.json({
      ok: true,
      live: true,
      ready: await jobs.ready(),
      lag: { p50: milliseconds(lag.percentile(50)), p99: milliseconds(lag.percentile(99)), max: milliseconds(lag.max) },
    });
    lag.reset();
  });
  app.get('/health/live', (_request, response) => {
    response.json({ live: true });
  });
  app.get('/health/ready', async (_request, response) => {
    const ready = await jobs.ready();
    response.status(ready ? 200 : 503).json({ ready });
  });
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.text());
  });

  app.post('/uploads', async (request, response) => {
    const name = typeof request.query['name'] === 'string' ? request.query['name'].slice(0, 1000) : '';
    const length = Number(request.headers['content-length'] ?? 0);
    response.json({ path: `upload:${await uploads.take(request, { name, length })}` });
  });

  const reachable = (picture: string): Promise<string> =>
    allowedPath(picture, places.allowed ? { allowed: [...places.allowed, uploads.folder] } : places);
  const small = async (picture: string): Promise<Buffer> => Buffer.from(await thumbnails.of(await reachable(picture)));
  app.get('/jobs/:job/map', (request, response) => {
    const { map } = jobs.get(request.params.job);
    if (!map) throw failure('FILE_MISSING', { path: request.path });
    const { title, points, signposts } = map;
    response.json({ title, points, signposts } satisfies PictureMap);
  });
  for (const kind of PICTURED) {
    const at = `/jobs/:job/${kind}/:index`;
    const pathOf = (request: Request<{ job: string; index: string }>): Promise<string> => {
      const picture = picturesOf(jobs.get(request.params.job), kind)[Number(request.params.index)]?.picture;
      if (picture === undefined) throw failure('FILE_MISSING', { path: request.path });
      return reachable(picture);
    };
    app.get<{ job: string; index: string }>(at, async (request, response) => {
      response.type('webp').send(Buffer.from(await thumbnails.of(await pathOf(request))));
    });
    app.get<{ job: string; index: string }>(`${at}/picture`, async (request, response) => {
      response.type('webp').send(Buffer.from(await largeOf(await pathOf(request))));
    });
    app.get<{ job: string; index: string }>(`${at}/settings`, async (request, response) => {
      const path = await pathOf(request);
      response.json(await settingsOf(await readFile(path), path));
    });
  }
  app.get('/jobs/:job/question/:question/:index', async (request, response) => {
    const { question } = jobs.get(request.params.job);
    const picture =
      question?.id === request.params.question ? question.pictures[Number(request.params.index)] : undefined;
    if (!picture) throw failure('FILE_MISSING', { path: request.path });
    response.type('webp').send(await small(picture));
  });

  app.get('/jobs/:job/frames', async (request, response) => {
    response.json(await frames.steps(jobs.get(request.params.job).id));
  });
  app.get('/jobs/:job/frames/:step', async (request, response) => {
    const { bytes, type } = await frames.at(jobs.get(request.params.job).id, Number(request.params.step));
    response.type(type).send(Buffer.from(bytes));
  });
  app.get('/jobs/:job/moving.webp', async (request, response) => {
    const { id } = jobs.get(request.params.job);
    const all = await Promise.all((await frames.steps(id)).map(async (step) => (await frames.at(id, step)).bytes));
    if (all.length === 0) throw failure('FILE_MISSING', { path: request.path });
    response.type('webp').send(Buffer.from(await movingPicture(withRest(await ofOneSize(all)), 'webp')));
  });
  app.use(formRoutes());
  app.use(shelfRoutes({ gallery: keep.gallery, stars, away, sketches, boards, described, thumbnails }));
  // What a plugin wrote is not to run as a page of this origin.
  const asFile = { 'content-security-policy': 'sandbox', 'content-disposition': 'attachment' };
  app.use('/reports', keep.reports.serve(asFile));
  // A drawing may come from a plugin: it is looked at, and runs nothing.
  app.use('/gallery', keep.gallery.serve({ 'content-security-policy': 'sandbox' }));
  app.use(express.static(web, { dotfiles: 'ignore' }));
  app.use(() => {
    throw failure('FILE_MISSING', { path: 'this address' });
  });
  app.use(answering(logger));
  return app;
}
