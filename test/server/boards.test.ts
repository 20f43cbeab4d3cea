/** The shelf as people arrange it: by what pictures were asked for, by days, by drawers, on boards; and as what plugins look at. */
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { withRecipe } from '../../core/plugin/run-record.ts';
import { boardsSchema, type ShelfPage, shelfSchema, shelvedSchema } from '../../server/wire.ts';
import { drawn } from '../support/pictures.ts';
import { say, type TestServer, useServer, Watcher } from '../support/server.ts';

const DAY_S = 24 * 3600;
const recipe = (prompt: string, drawer: string): Parameters<typeof withRecipe>[1] => ({
  format: 1,
  plugin: { id: 'guide', version: '5.0.0' },
  parameters: { prompt, drawer },
  model: { hash: 'none' },
  inputs: [],
  script: [],
});
const MOON = 'moon-0badf00d.png';
const FOX = 'fox-0badf00d.png';
const OLD = 'heart-0badf00d.png';

describe('the shelf', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await useServer();
    const gallery = join(server.data, 'gallery');
    await mkdir(gallery, { recursive: true });
    const now = Date.now() / 1000;
    for (const [name, shape, prompt, drawer, days] of [
      [MOON, 'circle', 'a crescent over the sea', 'strokes', 0],
      [FOX, 'triangle', 'a fox in the snow', 'plotter', 1],
      [OLD, 'heart', 'a crescent heart', 'plotter', 90],
    ] as const) {
      await writeFile(join(gallery, name), withRecipe(await drawn(shape, 'red'), recipe(prompt, drawer)));
      await utimes(join(gallery, name), now - days * DAY_S, now - days * DAY_S);
    }
  });
  const ask = (path: string): Promise<Response> => fetch(new URL(path, server.url));
  const tell = (path: string, message: unknown): Promise<Response> =>
    fetch(new URL(path, server.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
    });
  const page = async (query: string): Promise<ShelfPage> =>
    shelfSchema.parse(await (await ask(`shelf?${query}`)).json());
  const names = async (query: string): Promise<string[]> => (await page(query)).pictures.map(({ name }) => name);
  const boards = async () => boardsSchema.parse(await (await ask('shelf/boards')).json());

  it('finds pictures by the words that they were asked for with, by drawer, and by when', async () => {
    // What pictures say is read beside all else.
    await expect.poll(() => names('words=crescent'), { timeout: 10_000 }).toEqual([MOON, OLD]);
    const all = await page('');
    expect([all.drawers, all.pictures[1]?.words]).toEqual([['plotter', 'strokes'], 'a fox in the snow']);
    expect(await names('drawer=plotter')).toEqual([FOX, OLD]);
    expect(await names('words=crescent&drawer=plotter')).toEqual([OLD]);
    const week = Date.now() - 7 * 1000 * DAY_S;
    expect(await names(`from=${week}`)).toEqual([MOON, FOX]);
    expect(await names(`to=${week}`)).toEqual([OLD]);
  });

  it('puts pictures on boards and takes them off, and a board without any is none', async () => {
    expect(await boards()).toEqual([]);
    expect((await tell('shelf/boards', { board: ' Night ', names: [OLD, MOON], on: true })).status).toBe(200);
    await tell('shelf/boards', { board: 'Day', names: [FOX], on: true });
    expect(await boards()).toEqual([
      { name: 'Day', count: 1 },
      { name: 'Night', count: 2 },
    ]);
    expect(await names('board=Night')).toEqual([MOON, OLD]);
    await tell('shelf/boards', { board: 'Day', names: [FOX], on: false });
    expect((await boards()).map(({ name }) => name)).toEqual(['Night']);
    const gone = await ask('shelf?board=Day');
    expect([gone.status, await gone.json()]).toMatchObject([404, { error: { code: 'BOARD_UNKNOWN' } }]);
  });

  it('keeps every change of many that come at once', async () => {
    const many = Array.from({ length: 20 }, (_, i) => `picture-${i}.png`);
    await Promise.all(many.map((name) => tell('shelf/boards', { board: 'Many', names: [name], on: true })));
    expect((await boards()).find(({ name }) => name === 'Many')?.count).toBe(20);
    await tell('shelf/boards', { board: 'Many', names: many, on: false });
  });

  it.each([
    ['a board without a name', { board: ' ', names: [MOON], on: true }],
    ['no pictures', { board: 'x', names: [], on: true }],
    ['a name that is too long', { board: 'x'.repeat(81), names: [MOON], on: true }],
  ])('refuses %s with a code', async (_what, message) => {
    const answer = await tell('shelf/boards', message);
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'MESSAGE_INVALID' } }]);
  });

  it('gives pictures by their names, in that order, and those that are there', async () => {
    const answer = await tell('shelf/named', { names: [OLD, 'none.png', MOON] });
    expect(shelvedSchema.parse(await answer.json()).map(({ name }) => name)).toEqual([OLD, MOON]);
  });

  it('is what plugins look at: all of it, a board, one picture; not what was put away', async () => {
    const socket = server.connect();
    const watcher = new Watcher(socket);
    const looked = async (pictures: string[]): Promise<string[]> => {
      const answer = await say(socket, 'start', { plugin: 'search', parameters: { query: 'a heart', pictures } });
      const job = answer.ok ? (answer.value as { job: string }).job : '';
      const ended = await watcher.until((u) => u.job === job && (u.state === 'done' || u.state === 'failed'));
      if (ended.error) return [ended.error.code];
      const items = watcher.of(job).findLast((u) => u.ranking)?.ranking?.items ?? [];
      return items.map(({ picture }) => picture.split('/').at(-1) ?? '').sort();
    };
    expect(await looked(['shelf:'])).toEqual([FOX, OLD, MOON].sort());
    expect(await looked(['board:Night'])).toEqual([OLD, MOON].sort());
    expect(await looked([`shelf:${FOX}`])).toEqual([FOX]);
    expect(await looked(['board:None'])).toEqual(['BOARD_UNKNOWN']);
    expect(await looked(['shelf:../token'])).toEqual(['PATH_OUTSIDE']);
    await tell('shelf/marks', { names: [FOX], mark: 'away', on: true });
    expect(await looked(['shelf:'])).toEqual([OLD, MOON].sort());
    await tell('shelf/marks', { names: [FOX], mark: 'away', on: false });
  });
});
