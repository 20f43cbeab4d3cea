import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../../server/server.ts';
import { temporaryFolder } from '../support/pictures.ts';
import { ask, codeIn, type Got, lines, pollingSession, upgrade } from '../support/requests.ts';
import { type TestServer, useServer } from '../support/server.ts';

const TOKEN = 'secret-token';
const { logger, logged } = lines();
let server: TestServer;
let other: TestServer;
let port: string;
let here: string;
beforeAll(async () => {
  server = await useServer({ host: '0.0.0.0', token: TOKEN, logger });
  other = await useServer({ host: '0.0.0.0', token: 'another-token' });
  ({ port } = new URL(server.url));
  here = `http://127.0.0.1:${port}`;
});

const cookieIn = ({ headers }: Got): string => headers['set-cookie']?.[0]?.split(';')[0] ?? '';
const html = { accept: 'text/html,application/xhtml+xml' };

describe('a token in the address', () => {
  it('becomes a cookie that no script and no other site can use, and leaves the address', async () => {
    const got = await ask(here, `/?token=${TOKEN}`, { headers: html });
    expect([got.status, got.headers.location, got.headers['cache-control']]).toEqual([303, '/', 'no-store']);
    expect(got.headers['set-cookie']).toHaveLength(1);
    const [pair, ...attributes] = got.headers['set-cookie']?.[0]?.split('; ') ?? [];
    expect(pair).toBe(`lodestone-${port}=${TOKEN}`);
    expect(attributes).toEqual(expect.arrayContaining(['HttpOnly', 'SameSite=Strict', 'Path=/']));
  });
  it('leaves what else the address says', async () => {
    const got = await ask(here, `/?a=1&token=${TOKEN}&b=2`);
    expect([got.status, got.headers.location]).toEqual([303, '/?a=1&b=2']);
  });

  it.each([
    '//evil.example/',
    '///evil.example/',
    '//evil.example:80/a',
    '/%2f%2fevil.example',
    '/%2f/evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '/\\evil.example',
    '/\\/evil.example',
    'http://evil.example/',
    'http://evil.example//evil.example/a',
  ])('leads to no other host: %s', async (path) => {
    const got = await ask(here, `${path}?token=${TOKEN}`, { headers: html });
    expect([303, 404]).toContain(got.status);
    const studio = 'http://studio.example:4242/';
    expect(new URL(got.headers.location ?? '/', studio).host).toBe('studio.example:4242');
    expect(got.headers.location ?? '').not.toContain(TOKEN);
  });
});

describe('the cookie', () => {
  let cookie: string;
  beforeAll(async () => {
    cookie = cookieIn(await ask(here, `/?token=${TOKEN}`));
  });
  it('opens pages', async () => {
    for (const path of ['/', '/health', '/shelf'])
      expect((await ask(here, path, { headers: { cookie } })).status, path).toBe(200);
  });
  it('opens sockets', async () => {
    const socket = server.connect({ extraHeaders: { cookie } });
    const hello = await new Promise<{ version: string }>((resolve, reject) => {
      socket.once('hello', resolve);
      socket.once('connect_error', reject);
    });
    expect(hello.version).toMatch(/^\d+\.\d+/);
  });
  it('is wanted by every request of a session, and by its WebSocket', async () => {
    const session = await pollingSession(here, { cookie });
    const asWebSocket = session.replace('polling', 'websocket');
    for (const refused of await Promise.all([ask(here, session), upgrade(here, asWebSocket)]))
      expect([refused.status, codeIn(refused)]).toEqual([401, 'TOKEN_REFUSED']);
    expect((await upgrade(here, asWebSocket, { cookie })).status).toBe(101);
  });
  it('of one studio stands beside that of another on the same host', async () => {
    const there = `http://127.0.0.1:${new URL(other.url).port}`;
    const second = cookieIn(await ask(there, '/?token=another-token'));
    expect(second.split('=')[0]).not.toBe(cookie.split('=')[0]);
    const headers = { cookie: `${cookie}; ${second}` };
    expect((await ask(here, '/health', { headers })).status).toBe(200);
    expect((await ask(there, '/health', { headers })).status).toBe(200);
  });
});

describe('without the token', () => {
  it('a request is refused with a code, and another page too though it has it', async () => {
    const bare = await ask(here, '/');
    expect([bare.status, codeIn(bare), bare.headers['set-cookie']]).toEqual([401, 'TOKEN_REFUSED', undefined]);
    const foreign = await ask(here, `/?token=${TOKEN}`, { headers: { origin: 'https://evil.example' } });
    expect([foreign.status, codeIn(foreign)]).toEqual([403, 'ORIGIN_REFUSED']);
  });
  it('tries wait longer and longer, nobody else does, and those that only ask are refused at once', async () => {
    const begun = performance.now();
    for (let i = 0; i < 4; i++) {
      const got = await ask(here, `/health?token=wrong-${i}`, { localAddress: '127.0.0.2' });
      expect([got.status, codeIn(got)]).toEqual([401, 'TOKEN_REFUSED']);
    }
    expect(performance.now() - begun).toBeGreaterThan(1000);
    const waiting = ask(here, '/health?token=wrong', { localAddress: '127.0.0.2' });
    const [right, asking, slow] = [
      ask(here, `/health?token=${TOKEN}`),
      ask(here, '/health', { localAddress: '127.0.0.2' }),
      waiting.then(() => 'slow'),
    ];
    expect((await Promise.race([right, slow])) as Got).toMatchObject({ status: 200 });
    expect((await Promise.race([asking, slow])) as Got).toMatchObject({ status: 401 });
    await waiting;
  });
  it('no more than a few tries of one address wait at once', async () => {
    const tries = Array.from({ length: 20 }, (_, i) =>
      ask(here, '/health', { localAddress: '127.0.0.3', headers: { cookie: `lodestone-${port}=wrong-${i}` } }),
    );
    const refused = await Promise.all(tries);
    expect(refused.filter((got) => got.status === 401).length).toBeGreaterThanOrEqual(8);
    const turnedAway = refused.filter((got) => got.status !== 401);
    expect(turnedAway.length).toBeGreaterThan(0);
    for (const got of turnedAway) expect([got.status, codeIn(got)]).toEqual([429, 'TRIES_TOO_MANY']);
  });
  it('no refusal is logged with the token, right or wrong', async () => {
    await upgrade(here, `/socket.io/?EIO=4&transport=websocket&token=${TOKEN}`, { origin: 'https://evil.example' });
    const told = logged.map((line) => JSON.parse(line) as { code: string; path: string });
    expect(told).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ code: 'TOKEN_REFUSED', path: '/health' }),
        expect.objectContaining({ code: 'TRIES_TOO_MANY', path: '/health' }),
        expect.objectContaining({ code: 'ORIGIN_REFUSED', path: '/socket.io/' }),
      ]),
    );
    expect(logged.join('')).not.toMatch(/secret-token|wrong-\d/);
  });
});

describe('a server that is given no token', () => {
  it('off loopback makes one, keeps it secret, and has the same after a restart', async () => {
    const data = await temporaryFolder();
    const tokens: (string | null)[] = [];
    for (let i = 0; i < 2; i++) {
      const one = await startServer({ host: '0.0.0.0', port: 0, data, logger: pino({ level: 'silent' }) });
      tokens.push(new URL(one.url).searchParams.get('token'));
      await one.close();
    }
    expect(tokens[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(tokens[1]).toBe(tokens[0]);
    expect((await stat(join(data, 'token'))).mode & 0o077).toBe(0);
  });
  it.each(['a b', 'abc', 'x;y;z', 'x\r\ny: z'])(
    'or one that fits into no address, %j, does not start',
    async (token) => {
      const starting = startServer({
        port: 0,
        data: await temporaryFolder(),
        token,
        logger: pino({ level: 'silent' }),
      });
      await expect(starting).rejects.toMatchObject({ code: 'USAGE' });
    },
  );
});
