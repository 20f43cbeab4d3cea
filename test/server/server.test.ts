import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseRecipe } from '../../core/index.ts';
import { steerSchema } from '../../core/plugin/steer.ts';
import { textOf } from '../../core/png-text.ts';
import { steerSchema as wireSteerSchema } from '../../server/wire.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { say, type TestServer, useServer, Watcher } from '../support/server.ts';

let server: TestServer;
let address: string;
beforeAll(async () => {
  server = await useServer();
  address = new URL(server.url).origin;
});

const start = async (
  socket: ReturnType<TestServer['connect']>,
  plugin: string,
  parameters: object,
): Promise<string> => {
  const answer = await say(socket, 'start', { plugin, parameters });
  if (!answer.ok) throw new Error(answer.error.message);
  return (answer.value as { job: string }).job;
};
const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);
const quick = { prompt: 'a red circle', steps: 12, size: 64, crops: 2, tries: 1 };

describe('a job', () => {
  it('runs, shows frames and scores, and leaves a whole picture in the gallery', async () => {
    const socket = server.connect();
    const watcher = new Watcher(socket);
    const job = await start(socket, 'guide', quick);
    await watcher.until((u) => u.job === job && u.state === 'done');
    expect(watcher.of(job).some((u) => u.frame !== undefined)).toBe(true);
    const { picture } = await watcher.until((u) => u.job === job && u.picture !== undefined);
    const file = await fetch(new URL(picture?.url ?? '', address));
    expect(file.headers.get('content-type')).toBe('image/png');
    expect((await readdir(join(server.data, 'gallery'))).filter((n) => n.endsWith('.part'))).toEqual([]);
  });

  it('is seen by somebody who joins late, as it stands', async () => {
    const socket = server.connect();
    const watcher = new Watcher(socket);
    const job = await start(socket, 'guide', quick);
    await watcher.until((u) => u.job === job && u.state === 'done');
    const update = await new Watcher(server.connect()).until((u) => u.job === job);
    expect(update.state).toBe('done');
    expect(update.chart.map((p) => p.x)).toEqual(upTo(12));
    expect(update.frame?.step).toBeGreaterThan(0);
    expect(update.picture?.file).toMatch(/^a-red-circle-/);
  });

  it('is cancelled while it runs, and leaves nothing half-written', async () => {
    const socket = server.connect();
    const watcher = new Watcher(socket);
    const before = await readdir(join(server.data, 'gallery'));
    const job = await start(socket, 'guide', { ...quick, steps: 5000 });
    await watcher.until((u) => u.job === job && u.chart.length > 0);
    expect(await say(socket, 'cancel', { job })).toEqual({ ok: true, value: null });
    await watcher.until((u) => u.job === job && u.state === 'cancelled');
    expect(await readdir(join(server.data, 'gallery'))).toEqual(before);
  });

  it('with a wrong parameter fails with one coded error, and the server goes on', async () => {
    const socket = server.connect();
    const watcher = new Watcher(socket);
    const job = await start(socket, 'guide', { prompt: 'a', steps: 'many' });
    const { error } = await watcher.until((u) => u.job === job && u.state === 'failed');
    expect(error).toMatchObject({ code: 'PARAMETER_INVALID', message: expect.stringContaining('steps') });
    const empty = await start(socket, 'guide', { prompt: '  ' });
    expect((await watcher.until((u) => u.job === empty && u.state === 'failed')).error?.code).toBe('PARAMETER_INVALID');
  });
});

describe('a job that branches', () => {
  it('goes on from an earlier step as another job, with another prompt', async () => {
    const socket = server.connect();
    const watcher = new Watcher(socket);
    const job = await start(socket, 'guide', { ...quick, steps: 30 });
    await watcher.until((u) => u.job === job && u.state === 'done' && u.branches);
    const answer = await say(socket, 'branch', { job, step: 12, prompt: 'a green tree' });
    const other = answer.ok ? (answer.value as { job: string }).job : '';
    const done = await watcher.until((u) => u.job === other && u.state === 'done');
    expect(done.title).toBe('a green tree, from step 10');
    const points = watcher.of(other).flatMap((u) => u.chart);
    expect(points.map((p) => p.x)).toEqual(upTo(30).slice(10));
    expect(Object.keys(points.at(-1)?.series ?? {})).toEqual(['a green tree']);
  });
  it('gives the same picture as the run itself when nothing is changed', async () => {
    const socket = server.connect();
    const watcher = new Watcher(socket);
    const job = await start(socket, 'guide', { ...quick, steps: 30, prompt: 'a fish' });
    const first = await watcher.until((u) => u.job === job && u.picture !== undefined);
    const answer = await say(socket, 'branch', { job, step: 15 });
    const other = answer.ok ? (answer.value as { job: string }).job : '';
    const second = await watcher.until((u) => u.job === other && u.picture !== undefined);
    const bytes = async (url = ''): Promise<Buffer> =>
      sharp(Buffer.from(await (await fetch(new URL(url, address))).arrayBuffer()))
        .raw()
        .toBuffer();
    expect(Buffer.compare(await bytes(first.picture?.url), await bytes(second.picture?.url))).toBe(0);
  });
  it('without a state to begin from is refused with a code', async () => {
    const socket = server.connect();
    const watcher = new Watcher(socket);
    const job = await start(socket, 'guide', { ...quick, steps: 2 });
    await watcher.until((u) => u.job === job && u.state === 'done');
    expect(await say(socket, 'branch', { job, step: 1 })).toMatchObject({
      ok: false,
      error: { code: 'NOT_BRANCHABLE' },
    });
  });
});

describe('two people at once', () => {
  it('steer one run, and both see what each of them did', async () => {
    const [one, other] = [server.connect(), server.connect()];
    const [first, second] = [new Watcher(one), new Watcher(other)];
    const job = await start(one, 'guide', { ...quick, steps: 400 });
    await second.until((u) => u.job === job && u.chart.length > 0);
    const [a, b] = await Promise.all([
      say(one, 'steer', { job, prompt: 'a blue fish' }),
      say(other, 'steer', { job, settings: { rate: 1.5 } }),
    ]);
    expect([a.ok, b.ok]).toEqual([true, true]);
    expect((await say(other, 'steer', { job, prompt: 'a blue fish | a boat' })).ok).toBe(true);
    for (const watcher of [first, second])
      await watcher.until((u) => u.job === job && u.chart.some((p) => 'a boat' in p.series));
    await say(one, 'steer', { job, control: 'finish' });
    const { picture } = await second.until((u) => u.job === job && u.picture !== undefined);
    // By the words that it ended with.
    expect(picture?.file).toMatch(/^a-blue-fish-a-boat-/);
  });
});

describe('a change that a run has no room for', () => {
  let job: string;
  let socket: ReturnType<TestServer['connect']>;
  let watcher: Watcher;
  beforeAll(async () => {
    socket = server.connect();
    watcher = new Watcher(socket);
    job = await start(socket, 'guide', { ...quick, steps: 5000 });
    await watcher.until((u) => u.job === job && u.chart.length > 0);
  });

  it.each([
    ['a setting out of its range', { settings: { rate: 1000 } }],
    ['a setting that there is not', { settings: { nonsense: 1 } }],
    ['a setting that is fixed when a run begins', { settings: { steps: 3 } }],
    ['a pull that the run was not begun with', { weights: { palette: 2 } }],
    ['a parameter out of its range', { parameters: { count: 1e300 } }],
    ['a parameter that there is not', { parameters: { strokes: 12 } }],
  ])('%s is refused with a code', async (_, change) => {
    expect(await say(socket, 'steer', { job, ...change })).toMatchObject({
      ok: false,
      error: { code: 'STEER_INVALID', message: expect.stringMatching(/It goes on as it was\.$/) },
    });
  });

  it('leaves the run as it was', async () => {
    const far = (): number => Math.max(...watcher.of(job).flatMap((u) => u.chart.map((p) => p.x)));
    const before = far();
    await watcher.until(() => far() > before);
    expect(await say(socket, 'steer', { job, control: 'finish' })).toMatchObject({ ok: true });
    const { picture } = await watcher.until((u) => u.job === job && u.picture !== undefined);
    const bytes = new Uint8Array(await (await fetch(new URL(picture?.url ?? '', address))).arrayBuffer());
    const { script } = parseRecipe(textOf(bytes, 'lodestone') ?? '', 'the picture');
    expect(script).toMatchObject([{ steer: { control: 'finish' } }]);
  });

  it('that no run takes is no message', async () => {
    const message = { job: 'x', weights: { palette: 1e300 } };
    expect(await say(server.connect(), 'steer', message)).toMatchObject({
      ok: false,
      error: { code: 'MESSAGE_INVALID' },
    });
  });
});

it('what may be steered is the same on the wire and in the plugin kit', () => {
  const { job: _, key: _key, ...onTheWire } = wireSteerSchema.shape;
  expect(z.toJSONSchema(z.object(onTheWire))).toEqual(z.toJSONSchema(steerSchema));
});

describe('a slow watcher', () => {
  it('gets fewer frames but every point of the chart, and no queue grows', async () => {
    const watcher = new Watcher(server.connect(), (u) => (u.title === 'slow and steady' ? 400 : 0));
    const job = await start(server.connect(), 'guide', { ...quick, prompt: 'slow and steady', steps: 60 });
    await watcher.until((u) => u.job === job && u.state === 'done');
    const points = watcher.of(job).flatMap((u) => u.chart.map((p) => p.x));
    expect(points).toEqual(upTo(60));
    expect(watcher.of(job).length).toBeLessThan(30);
  });
});

describe('a malformed message', () => {
  it.each([
    ['start', null],
    ['start', { plugin: 7, parameters: {} }],
    ['start', { plugin: 'guide', parameters: [] }],
    ['cancel', {}],
    ['cancel', { job: { $ne: 1 } }],
    ['steer', { job: 'x', prompt: '' }],
  ] as const)('%s %j is answered with a code', async (event, message) => {
    expect(await say(server.connect(), event, message)).toMatchObject({
      ok: false,
      error: { code: 'MESSAGE_INVALID' },
    });
  });
  it('about a job or plugin that is not there too', async () => {
    expect(await say(server.connect(), 'cancel', { job: 'gone' })).toMatchObject({
      ok: false,
      error: { code: 'JOB_UNKNOWN' },
    });
    const socket = server.connect();
    const watcher = new Watcher(socket);
    const ended = await start(socket, 'guide', { prompt: '' });
    await watcher.until((u) => u.job === ended && u.state === 'failed');
    expect(await say(socket, 'steer', { job: ended, prompt: 'a tree' })).toMatchObject({
      ok: false,
      error: { code: 'NOT_STEERABLE' },
    });
    expect(await say(server.connect(), 'start', { plugin: 'gone', parameters: {} })).toMatchObject({
      ok: false,
      error: { code: 'PLUGIN_UNKNOWN' },
    });
  });
  it('of too many bytes ends the connection, not the server', async () => {
    const socket = server.connect();
    await new Promise<void>((resolve) => socket.once('hello', () => resolve()));
    const closed = new Promise((resolve) => socket.once('disconnect', resolve));
    void say(socket, 'start', { plugin: 'guide', parameters: { prompt: 'x'.repeat(3 << 20) } });
    await closed;
    expect((await fetch(`${address}/health`)).status).toBe(200);
  });
});

describe('a foreign page', () => {
  it('is refused on the socket', async () => {
    const socket = server.connect({ extraHeaders: { origin: 'https://evil.example' } });
    await expect(new Promise((_, reject) => socket.once('connect_error', reject))).rejects.toBeTruthy();
  });
  it('is refused over HTTP, by origin and by name', async () => {
    const response = await fetch(`${address}/uploads`, {
      method: 'POST',
      body: 'x',
      headers: { origin: 'https://evil.example' },
    });
    expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
      403,
      'ORIGIN_REFUSED',
    ]);
    const { request } = await import('node:http');
    const status = await new Promise((resolve) =>
      request(`${address}/health`, { headers: { host: 'rebound.example' } }, (r) => resolve(r.statusCode)).end(),
    );
    expect(status).toBe(403);
  });
});

describe('pictures', () => {
  it('are read only inside the allowed folders, links followed', async () => {
    const socket = server.connect();
    const watcher = new Watcher(socket);
    const outside = await temporaryFolder();
    await writeFile(join(outside, 'secret.png'), await drawn('star', 'gold'));
    await symlink(outside, join(server.data, 'gallery', 'way-out'));
    for (const path of [
      outside,
      join(server.data, 'gallery', '..', '..'),
      '/etc/hostname',
      join(server.data, 'gallery', 'way-out'),
    ]) {
      const job = await start(socket, 'rerank', { prompt: 'a star', pictures: [path] });
      expect((await watcher.until((u) => u.job === job && u.state === 'failed')).error?.code, path).toBe(
        'PATH_OUTSIDE',
      );
    }
    for (const path of ['/gallery/..%2f..%2fetc%2fhostname', '/gallery/%2e%2e/uploads', '/..%2f..%2fpackage.json'])
      expect((await fetch(address + path)).status, path).toBeGreaterThanOrEqual(400);
  });

  it('can be uploaded, ranked and looked at', async () => {
    const upload = async (body: Buffer): Promise<string> =>
      (
        (await (await fetch(`${address}/uploads`, { method: 'POST', body: new Uint8Array(body) })).json()) as {
          path: string;
        }
      ).path;
    const paths = [await upload(await drawn('square', 'blue')), await upload(await drawn('heart', 'red'))];
    const socket = server.connect();
    const watcher = new Watcher(socket);
    const job = await start(socket, 'rerank', { prompt: 'a red heart', pictures: paths });
    const { ranking } = await watcher.until((u) => u.job === job && u.ranking !== undefined);
    expect(ranking?.items.map((i) => basename(i.picture)).sort()).toEqual(
      paths.map((p) => p.slice('upload:'.length)).sort(),
    );
    expect(ranking?.items[0]?.score).toBeGreaterThan(ranking?.items[1]?.score ?? 0);
    const thumbnail = await fetch(address + ranking?.items[0]?.url);
    expect([thumbnail.status, thumbnail.headers.get('content-type')]).toEqual([200, 'image/webp']);
  });

  it('that are none are refused at the door', async () => {
    const response = await fetch(`${address}/uploads`, { method: 'POST', body: 'not a picture' });
    expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
      422,
      'PICTURE_UNREADABLE',
    ]);
    expect(
      (await readdir(join(server.data, 'uploads'))).every((n) => /^[0-9a-f]{8}-picture\.(png|jpeg)$/.test(n)),
    ).toBe(true);
  });
});

describe('a server off loopback', () => {
  it('wants its token from pages and sockets', async () => {
    const open = await useServer({ host: '0.0.0.0', token: 'secret' });
    const port = new URL(open.url).port;
    const here = `http://127.0.0.1:${port}`;
    expect((await fetch(`${here}/health`)).status).toBe(401);
    expect((await fetch(`${here}/health?token=wrong!`)).status).toBe(401);
    const welcomed = await fetch(`${here}/health?token=secret`);
    expect([welcomed.status, welcomed.headers.get('set-cookie')]).toEqual([
      200,
      expect.stringMatching(/HttpOnly.*SameSite=Strict/),
    ]);
    const stranger = open.connect();
    await expect(new Promise((_, reject) => stranger.once('connect_error', reject))).rejects.toBeTruthy();
  });
});

it('a folder of broken plugins leaves the others working and says what is wrong with each', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'odd'));
  const plugin = (id: string, field: string): string =>
    `import { z } from '${new URL('../../node_modules/zod/index.js', import.meta.url).href}';
     export default { id: '${id}', title: 'T', description: 'D.', version: '1', parameters: z.object({ x: ${field} }), run: async function* () {} };`;
  await writeFile(join(folder, 'bad.js'), 'export default 7;');
  await writeFile(join(folder, 'exits.js'), 'process.exit(0);');
  await writeFile(join(folder, 'rich.js'), plugin('rich', 'z.union([z.string(), z.number()])'));
  await writeFile(join(folder, 'taken.js'), plugin('score', 'z.string()'));
  await writeFile(join(folder, 'zest.js'), plugin('zest', 'z.string()'));
  const with_ = await useServer({ plugins: [folder] });
  const hello = await new Promise<{ plugins: { id: string }[]; broken: { code: string; message: string }[] }>(
    (resolve) => with_.connect().once('hello', resolve),
  );
  expect(hello.plugins.map((p) => p.id)).toEqual(expect.arrayContaining(['guide', 'rerank', 'style-match', 'zest']));
  expect(hello.broken.map((b) => b.message.match(/(\w+)\.js/)?.[1]).sort()).toEqual(['bad', 'exits', 'rich', 'taken']);
  expect(new Set(hello.broken.map((b) => b.code))).toEqual(new Set(['PLUGIN_INVALID']));
});
