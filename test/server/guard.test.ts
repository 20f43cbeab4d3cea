import { beforeAll, describe, expect, it } from 'vitest';
import { ask, codeIn, lines, pollingSession, upgrade } from '../support/requests.ts';
import { useServer } from '../support/server.ts';

const POLLING = '/socket.io/?EIO=4&transport=polling';
const EVIL = { origin: 'https://evil.example' };
const { logger, logged } = lines();
let origin: string;
let host: string;
beforeAll(async () => {
  ({ origin, host } = new URL((await useServer({ logger })).url));
});
const asWebSocket = (session: string): string => session.replace('transport=polling', 'transport=websocket');

describe('sockets', () => {
  it.each(['j=0', 'j=', '%6a=0', 'j=0&j=1'])('speak no JSONP: %s', async (jsonp) => {
    const refused = await ask(origin, `${POLLING}&${jsonp}`);
    expect([refused.status, codeIn(refused)]).toEqual([400, 'MESSAGE_INVALID']);
    expect(refused.headers['content-type']).toBe('application/json');
  });
  it('speak no JSONP in a session that was opened without it', async () => {
    expect((await ask(origin, `${await pollingSession(origin)}&j=0`)).status).toBe(400);
  });

  it.each([
    ['of another origin', EVIL],
    ['of another port', { origin: 'http://127.0.0.1:1' }],
    ['of no origin that can be named', { origin: 'null' }],
    ['that a foreign page sent', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    ['that a page of the same host sent', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'websocket' }],
    ['to a foreign name that leads here', { host: 'rebound.example' }],
  ])('refuse a request %s at every transport, though it knows a session', async (_which, headers) => {
    const session = await pollingSession(origin, { origin });
    const tries = [
      ask(origin, session, { headers }),
      ask(origin, session, { method: 'POST', headers: { 'content-type': 'text/plain', ...headers }, body: '40' }),
      ask(origin, POLLING, { headers }),
      ask(origin, session, { method: 'OPTIONS', headers }),
      upgrade(origin, asWebSocket(session), headers),
      upgrade(origin, asWebSocket(POLLING), headers),
    ];
    for (const refused of await Promise.all(tries))
      expect([refused.status, codeIn(refused)]).toEqual([403, 'ORIGIN_REFUSED']);
    expect((await ask(origin, session, { method: 'POST', body: '40', headers: { origin } })).body).toBe('ok');
    expect((await ask(origin, session, { headers: { origin } })).body).toMatch(/^40\{"sid":/);
  });

  it('let the own page change from polling to a WebSocket', async () => {
    const session = await pollingSession(origin, { origin });
    const headers = { origin, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'websocket' };
    expect((await upgrade(origin, asWebSocket(session), headers)).status).toBe(101);
  });

  it.each([
    ['an answer', POLLING, {}, 200],
    ['a refused page', POLLING, EVIL, 403],
    ['JSONP', `${POLLING}&j=0`, {}, 400],
    ['a session that is not there', `${POLLING}&sid=none`, {}, 400],
    ['a transport that is not there', '/socket.io/?EIO=4&transport=pigeon', {}, 400],
  ] as const)('say of %s that it is no script and belongs to this origin', async (_what, path, headers, status) => {
    const answer = await ask(origin, path, { headers });
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    });
  });
});

describe('another site', () => {
  const from = (mode: string, dest: string): Record<string, string> => ({
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': mode,
    'sec-fetch-dest': dest,
  });

  it('may link to the studio', async () => {
    const page = await ask(origin, '/', { headers: from('navigate', 'document') });
    expect([page.status, page.body.includes('<html')]).toEqual([200, true]);
    expect(page.headers['content-security-policy']).toMatch(/frame-ancestors 'none'/);
  });

  it.each([
    ['an image', 'GET', from('no-cors', 'image')],
    ['a script', 'GET', from('no-cors', 'script')],
    ['a fetch', 'GET', from('cors', 'empty')],
    ['a frame', 'GET', from('navigate', 'iframe')],
    ['a form', 'POST', from('navigate', 'document')],
  ] as const)('loads and sends nothing as %s', async (_what, method, headers) => {
    for (const path of ['/', '/shelf', '/health', '/uploads', '/gallery/a.png']) {
      const refused = await ask(origin, path, { method, headers, ...(method === 'POST' ? { body: 'x' } : {}) });
      expect([refused.status, codeIn(refused)], path).toEqual([403, 'ORIGIN_REFUSED']);
    }
  });
  it('links to nothing but the studio', async () => {
    for (const path of ['/shelf', '/health', '/socket.io/?EIO=4&transport=polling'])
      expect((await ask(origin, path, { headers: from('navigate', 'document') })).status, path).toBe(403);
  });
  it('sends no upload with a plain form, even from a browser that says nothing of sites', async () => {
    const sent = await ask(origin, '/uploads', { method: 'POST', headers: EVIL, body: 'x' });
    expect([sent.status, codeIn(sent)]).toEqual([403, 'ORIGIN_REFUSED']);
  });
});

describe('a request', () => {
  it('whose address cannot be read is refused with a code', async () => {
    const refused = await ask(origin, '//[/');
    expect([refused.status, codeIn(refused)]).toEqual([400, 'MESSAGE_INVALID']);
  });
  it.each(['localhost', '127.0.0.1', '[::1]'])('to %s is to this server', async (name) => {
    const port = host.split(':')[1];
    expect((await ask(origin, '/health', { headers: { host: `${name}:${port}` } })).status).toBe(200);
  });
  it.each(['localhost.evil.example', '127.0.0.1.nip.io', 'localhost:80@evil.example'])(
    'to "%s" is not',
    async (name) => {
      expect((await ask(origin, '/health', { headers: { host: name } })).status).toBe(403);
    },
  );
  it('for a WebSocket elsewhere than among the sockets is hung up on', async () => {
    await expect(upgrade(origin, '/elsewhere')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await ask(origin, '/health')).status).toBe(200);
  });
});

it('what is refused is logged with its code and path, and without what else the address says', async () => {
  logged.length = 0;
  await ask(origin, '/shelf?token=do-not-tell', { headers: EVIL });
  await upgrade(origin, '/socket.io/?EIO=4&transport=websocket&token=do-not-tell', EVIL);
  await ask(origin, `${POLLING}&j=0&token=do-not-tell`);
  expect(logged.map((line) => JSON.parse(line) as object)).toMatchObject([
    { level: 40, code: 'ORIGIN_REFUSED', path: '/shelf', from: '127.0.0.1' },
    { level: 40, code: 'ORIGIN_REFUSED', path: '/socket.io/', from: '127.0.0.1' },
    { level: 40, code: 'MESSAGE_INVALID', path: '/socket.io/', from: '127.0.0.1' },
  ]);
  expect(logged.join('')).not.toContain('do-not-tell');
});
