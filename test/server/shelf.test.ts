import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { withRecipe } from '../../core/plugin/run-record.ts';
import { type ShelfPage, settingsSchema, shelfSchema } from '../../server/wire.ts';
import { drawn } from '../support/pictures.ts';
import { say, type TestServer, useServer, Watcher } from '../support/server.ts';

/** As a finished picture says it. */
const RECIPE = {
  format: 1,
  plugin: { id: 'guide', version: '5.0.0' },
  parameters: {},
  model: { hash: 'none' },
  inputs: [],
  script: [],
} as const satisfies Parameters<typeof withRecipe>[1];
const quick = { prompt: 'a red heart', steps: 12, size: 64, crops: 1, count: 4, tries: 1, renewals: 0, seed: 3 };

describe('the shelf', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await useServer();
    const gallery = join(server.data, 'gallery');
    await mkdir(gallery, { recursive: true });
    for (const [name, colour] of [
      ['a-red-moon-0badf00d.png', 'red'],
      ['a-blue-fox-0badf00d.png', 'blue'],
      ['the-moon-and-a-fox-0badf00d.png', 'gold'],
    ] as const)
      await writeFile(join(gallery, name), await drawn('circle', colour));
    await writeFile(join(gallery, 'a-blue-fox-0badf00d.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  });
  const shelf = async (query = ''): Promise<ShelfPage> => {
    // Names are listed anew after a second.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    return shelfSchema.parse(await (await fetch(new URL(`shelf?${query}`, server.url))).json());
  };
  const titles = ({ pictures }: ShelfPage): string[] => pictures.map(({ title }) => title).sort();
  const mark = (names: readonly string[], kind: string, on: boolean) =>
    fetch(new URL('shelf/marks', server.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ names, mark: kind, on }),
    });

  it('has pictures by pages, with all words that are asked for, and the drawing beside one that has it', async () => {
    expect(titles(await shelf())).toEqual(['a blue fox', 'a red moon', 'the moon and a fox']);
    expect(titles(await shelf('words=FOX%20moon'))).toEqual(['the moon and a fox']);
    const page = await shelf('limit=1&offset=1');
    expect([page.total, page.pictures.length]).toEqual([3, 1]);
    const [fox] = (await shelf('words=blue')).pictures;
    expect(fox?.svg).toBe('/gallery/a-blue-fox-0badf00d.svg');
  });

  it('gives small pictures', async () => {
    const answer = await fetch(new URL('small/a-blue-fox-0badf00d.png', server.url));
    const found = await sharp(Buffer.from(await answer.arrayBuffer())).metadata();
    expect(found.format).toBe('webp');
    expect((await fetch(new URL('small/..%2ftoken', server.url))).status).toBe(404);
  });

  it('reads nothing that lies elsewhere', async () => {
    // It says how it was made, and is no picture of the shelf.
    await writeFile(join(server.data, 'elsewhere.png'), withRecipe(await drawn('heart', 'red'), RECIPE));
    await writeFile(join(server.data, 'gallery', 'here.png'), withRecipe(await drawn('heart', 'red'), RECIPE));
    const statuses = ['here.png', '..%2felsewhere.png', '..%5celsewhere.png', '.here.png'].flatMap((name) =>
      ['settings', 'small'].map(async (at) => (await fetch(new URL(`${at}/${name}`, server.url))).status),
    );
    expect(await Promise.all(statuses)).toEqual([200, 200, 404, 404, 404, 404, 404, 404]);
    await rm(join(server.data, 'gallery', 'here.png'));
  });

  it('remembers favourites, hides what was put away, and gives it back', async () => {
    const name = 'a-red-moon-0badf00d.png';
    expect((await mark([name], 'star', true)).status).toBe(200);
    expect(titles(await shelf('starred=true'))).toEqual(['a red moon']);
    await mark([name], 'away', true);
    expect(titles(await shelf())).toEqual(['a blue fox', 'the moon and a fox']);
    await mark([name], 'away', false);
    expect((await shelf()).pictures.find((p) => p.name === name)?.starred).toBe(true);
  });

  it('keeps every mark of many that come at once', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `picture-${i}.png`);
    await Promise.all(names.map((name) => mark([name], 'star', true)));
    const { Stars } = await import('../../server/data/stars.ts');
    expect([...(await new Stars(server.data).read())]).toEqual(expect.arrayContaining(names));
  });

  it.each(['limit=0', 'limit=100000', 'offset=-1', 'starred=perhaps', `words=${'x'.repeat(300)}`])(
    'refuses %s with a code',
    async (query) => {
      const answer = await fetch(new URL(`shelf?${query}`, server.url));
      expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'MESSAGE_INVALID' } }]);
    },
  );
  it('refuses marks that are none with a code', async () => {
    const answer = await mark(['x.png'], 'burn', true);
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'MESSAGE_INVALID' } }]);
  });

  it('says how a picture was made, on the shelf or brought from elsewhere', async () => {
    const socket = server.connect();
    const watcher = new Watcher(socket);
    const answer = await say(socket, 'start', { plugin: 'guide', parameters: quick });
    const job = answer.ok ? (answer.value as { job: string }).job : '';
    await watcher.until((u) => u.job === job && u.state === 'done');
    // The picture may have been told before the end.
    const file = watcher.of(job).findLast((u) => u.picture)?.picture?.file ?? '';
    const onShelf = settingsSchema.parse(
      await (await fetch(new URL(`settings/${encodeURIComponent(file)}`, server.url))).json(),
    );
    expect(onShelf).toMatchObject({ plugin: 'guide', parameters: quick });
    const bytes = await (await fetch(new URL(`gallery/${file}`, server.url))).arrayBuffer();
    const brought = await fetch(new URL('settings', server.url), { method: 'POST', body: bytes });
    expect(await brought.json()).toEqual(onShelf);
    const none = await fetch(new URL('settings', server.url), {
      method: 'POST',
      body: Uint8Array.from(await drawn('heart', 'red')),
    });
    expect(await none.json()).toMatchObject({ error: { code: 'RECORD_MISSING' } });
  });
  it('knows a steered picture by what it became, says what was changed, and says nothing of where files lie', async () => {
    const socket = server.connect();
    const watcher = new Watcher(socket);
    const upload = await fetch(new URL('uploads?name=begin.png', server.url), {
      method: 'POST',
      body: Uint8Array.from(await drawn('heart', 'red')),
      headers: { 'content-type': 'application/octet-stream' },
    });
    const { path } = (await upload.json()) as { path: string };
    const parameters = { ...quick, steps: 400, start: [path] };
    const answer = await say(socket, 'start', { plugin: 'guide', parameters });
    const job = answer.ok ? (answer.value as { job: string }).job : '';
    await watcher.until((u) => u.job === job && u.chart.length > 0);
    expect((await say(socket, 'steer', { job, prompt: 'a zebra' })).ok).toBe(true);
    await watcher.until((u) => u.job === job && u.title === 'a zebra');
    await say(socket, 'steer', { job, control: 'finish' });
    await watcher.until((u) => u.job === job && u.state === 'done');
    const picture = watcher.of(job).findLast((u) => u.picture)?.picture;
    const settings = settingsSchema.parse(
      await (await fetch(new URL(`settings/${encodeURIComponent(picture?.file ?? '')}`, server.url))).json(),
    );
    expect(settings).toMatchObject({ ended: 'a zebra', parameters: { prompt: quick.prompt } });
    expect(settings.changes?.map(({ text }) => text)).toEqual(['a zebra', 'finished']);
    await expect
      .poll(async () => (await shelf('words=zebra')).pictures.map(({ name }) => name), { timeout: 20_000 })
      .toEqual([picture?.file]);
    const svg = await (await fetch(new URL(picture?.svg ?? '', server.url))).text();
    expect(svg).toContain(`uploads/${path.replace('upload:', '')}`);
    expect(svg).not.toMatch(/"path":\s*"\//);
  });
});

describe('a run', () => {
  const person = (server: TestServer) => {
    const cookie = `lodestone-person-${new URL(server.url).port}=${randomUUID()}`;
    const socket = server.connect({ extraHeaders: { cookie } });
    return { socket, watcher: new Watcher(socket) };
  };

  it('is steered and ended by who began it, and by whoever was given its key, and by nobody else', async () => {
    const server = await useServer();
    const [ann, bob] = [person(server), person(server)];
    const answer = await say(ann.socket, 'start', { plugin: 'guide', parameters: { ...quick, steps: 4000 } });
    const job = answer.ok ? (answer.value as { job: string }).job : '';
    const begun = (u: { job: string; progress?: { done: number } | undefined }) =>
      u.job === job && (u.progress?.done ?? 0) > 1;
    const hers = await ann.watcher.until(begun);
    const his = await bob.watcher.until(begun);
    expect([hers.mine, his.mine, ann.watcher.of(job)[0]?.key !== undefined]).toEqual([true, false, true]);
    expect(bob.watcher.of(job).some((u) => u.key !== undefined)).toBe(false);
    const refused = { ok: false, error: { code: 'NOT_YOURS' } };
    expect(await say(bob.socket, 'steer', { job, prompt: 'a green tree' })).toMatchObject(refused);
    expect(await say(bob.socket, 'cancel', { job })).toMatchObject(refused);
    expect(await say(bob.socket, 'cancel', { job, key: randomUUID() })).toMatchObject(refused);
    const key = ann.watcher.of(job)[0]?.key;
    expect(await say(bob.socket, 'steer', { job, key, prompt: 'a green tree' })).toEqual({ ok: true, value: null });
    expect(await say(bob.socket, 'cancel', { job, key })).toEqual({ ok: true, value: null });
  });

  it('can be looked back at: frames over all its steps, none of what it went back behind', async () => {
    const server = await useServer();
    const socket = server.connect();
    const watcher = new Watcher(socket);
    const answer = await say(socket, 'start', { plugin: 'guide', parameters: { ...quick, steps: 4000 } });
    const job = answer.ok ? (answer.value as { job: string }).job : '';
    const far = (done: number) => watcher.until((u) => u.job === job && (u.progress?.done ?? 0) >= done);
    const steps = async (): Promise<number[]> =>
      (await (await fetch(new URL(`jobs/${job}/frames`, server.url))).json()) as number[];
    await far(250);
    const before = await steps();
    expect(before.length).toBeGreaterThan(4);
    expect(before.length).toBeLessThanOrEqual(48);
    const frame = await fetch(new URL(`jobs/${job}/frames/${before[2]}`, server.url));
    expect((await sharp(Buffer.from(await frame.arrayBuffer())).metadata()).width).toBe(64);
    const film = await fetch(new URL(`jobs/${job}/moving.webp`, server.url));
    const { pages = 1, format } = await sharp(Buffer.from(await film.arrayBuffer())).metadata();
    // Alike ones that follow each other may be one.
    expect([format, pages > 4]).toEqual(['webp', true]);
    await say(socket, 'steer', { job, control: 'pause' });
    await watcher.until((u) => u.job === job && u.paused);
    await say(socket, 'steer', { job, rewind: 30 });
    await expect.poll(async () => Math.max(...(await steps())), { timeout: 10_000 }).toBeLessThanOrEqual(30);
    expect((await fetch(new URL(`jobs/${job}/frames/-1`, server.url))).status).toBe(404);
    await say(socket, 'cancel', { job });
  });
});
