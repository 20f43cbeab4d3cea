/** Servers on data folders that outlast them, and runs of Guide that are short. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect } from 'vitest';
import { z } from 'zod';
import { textOf } from '../../core/png-text.ts';
import type { Job } from '../../server/runs/job.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../server/server.ts';
import { atEnd } from './ending.ts';
import { strangeModel } from './with-models.ts';

const model = strangeModel();
/** A server on these data; closed at the latest when the test file ends. */
export async function on(data: string, options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const server = await startServer({
    port: 0,
    data,
    logger: pino({ level: 'silent' }),
    engine: { threads: 1, model },
    ...options,
  });
  atEnd(() => server.close());
  return server;
}
export async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'lodestone-data-'));
  atEnd(() => rm(made, { recursive: true, force: true }));
  return made;
}

export const drawing = { prompt: 'a red circle', steps: 48, size: 64, crops: 2, tries: 2, seed: 3, count: 20, tidy: 0 };
export const start = async ({ jobs }: RunningServer, parameters: object = drawing, id = 'guide'): Promise<Job> => {
  const { plugin, granted } = await jobs.plugin(id);
  return jobs.start(plugin, { ...parameters }, { granted });
};
const PATIENCE_MS = 60_000;
export const until = (job: () => Job | undefined, fits: (job: Job) => boolean): Promise<void> =>
  expect.poll(() => fits(job() as Job), { timeout: PATIENCE_MS, interval: 10 }).toBe(true);
/** The run has done that step. */
export const drawnTo = ({ jobs }: RunningServer, id: string, step: number): Promise<void> =>
  until(
    () => jobs.get(id),
    ({ chart }) => (chart.at(-1)?.x ?? 0) >= step,
  );
export const ended = async ({ jobs }: RunningServer, id: string): Promise<Job> => {
  await until(
    () => jobs.get(id),
    ({ state }) => state !== 'waiting' && state !== 'running',
  );
  return jobs.get(id);
};
export const pictureOf = (data: string, { picture }: Job): Promise<Buffer> =>
  readFile(join(data, 'gallery', picture?.file ?? 'none'));
export const scriptOf = (png: Buffer): unknown =>
  z.object({ script: z.unknown() }).parse(JSON.parse(textOf(png, 'lodestone') ?? '{}')).script;
/** The picture of a run that nothing happened to, drawn once. */
let straight: Promise<Buffer> | undefined;
async function drawnStraight(): Promise<Buffer> {
  const data = await folder();
  const server = await on(data);
  const job = await ended(server, (await start(server)).id);
  await server.close();
  return pictureOf(data, job);
}
export function undisturbed(): Promise<Buffer> {
  straight ??= drawnStraight();
  return straight;
}
