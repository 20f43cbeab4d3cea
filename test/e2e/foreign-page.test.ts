import { readdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { drawn } from '../support/pictures.ts';
import { ask, lines, pollingSession } from '../support/requests.ts';
import { type TestServer, useServer } from '../support/server.ts';

const executablePath = process.env['LODESTONE_CHROMIUM'];
const POLLING = '/socket.io/?EIO=4&transport=polling';

/** What a page may try; each says "refused", or what it got. */
const TRIES = `
window.tries = {
  load: (kind, address) => new Promise((tell) => {
    const element = document.createElement(kind);
    element.onload = () => tell('loaded');
    element.onerror = () => tell('refused');
    if (kind === 'link') Object.assign(element, { rel: 'stylesheet', href: address });
    else element.src = address;
    document.body.append(element);
  }),
  read: (address, options) => fetch(address, options).then(
    async (response) => response.type + ' ' + response.status + ' ' + await response.text(),
    () => 'refused',
  ),
  socket: (address) => new Promise((tell) => {
    const socket = new WebSocket(address.replace('http', 'ws'));
    socket.onopen = () => tell('opened');
    socket.onmessage = ({ data }) => tell('read ' + data);
    socket.onerror = () => tell('refused');
  }),
  form: (address) => new Promise((tell) => {
    const frame = document.createElement('iframe');
    frame.name = 'hidden';
    document.body.append(frame);
    const form = Object.assign(document.createElement('form'), { action: address, method: 'post', enctype: 'text/plain', target: 'hidden' });
    form.append(Object.assign(document.createElement('input'), { name: '40', value: '42["start",{}]' }));
    document.body.append(form);
    frame.onload = () => {
      try { tell(frame.contentDocument === null ? 'refused' : 'read ' + frame.contentDocument.body.textContent); } catch { tell('refused'); }
    };
    form.submit();
  }),
};
window.___eio = [(text) => { window.overheard = text; }];
`;

describe.runIf(executablePath)('a page of another origin in a real browser', () => {
  const { logger, logged } = lines();
  let browser: Browser;
  let server: TestServer;
  let origin: string;
  let elsewhere: Server;
  let port: number;
  beforeAll(async () => {
    server = await useServer({ logger });
    ({ origin } = new URL(server.url));
    await writeFile(join(server.data, 'gallery', 'heart.png'), await drawn('heart', 'red'));
    elsewhere = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(`<!doctype html><body><a href="${server.url}">the studio</a><script>${TRIES}</script>`);
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    ({ port } = elsewhere.address() as AddressInfo);
    browser = await chromium.launch({
      ...(executablePath ? { executablePath } : {}),
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    });
  });
  afterAll(async () => {
    await browser?.close();
    elsewhere?.closeAllConnections();
    elsewhere?.close();
  });
  afterEach(() => Promise.all(browser.contexts().map((c) => c.close())));

  const opened = async (address: string): Promise<Page> => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(address);
    return page;
  };
  const foreign = (host: string): Promise<Page> => opened(`http://${host}:${port}/`);
  const tries = (page: Page, calls: Readonly<Record<string, string>>): Promise<Record<string, string>> =>
    page.evaluate(
      `(async () => Object.fromEntries(await Promise.all([${Object.entries(calls)
        .map(([name, call]) => `tries.${call}.then((got) => [${JSON.stringify(name)}, got])`)
        .join(',')}])))()`,
    );
  const at = (path: string): string => JSON.stringify(origin + path);

  // The first is another site; the second is the same site, and another origin by its port.
  it.each(['localhost', '127.0.0.1'])('at %s reads nothing, sends nothing and starts nothing', async (host) => {
    const studio = await opened(server.url);
    await studio.getByRole('button', { name: 'Make' }).waitFor();
    const uploads = await readdir(join(server.data, 'uploads'));
    const session = await pollingSession(origin, { origin });
    const asWebSocket = session.replace('polling', 'websocket');
    const page = await foreign(host);
    const message = `{ method: 'POST', mode: 'no-cors', body: '40' }`;
    const got = await tries(page, {
      jsonp: `load('script', ${at(`${POLLING}&j=0`)})`,
      'jsonp of a session': `load('script', ${at(`${session}&j=0`)})`,
      'the polling as a script': `load('script', ${at(POLLING)})`,
      'the polling': `read(${at(POLLING)}, {})`,
      'the polling, unseen': `read(${at(POLLING)}, { mode: 'no-cors' })`,
      'a session': `read(${at(session)}, { credentials: 'include' })`,
      'a session, unseen': `read(${at(session)}, { mode: 'no-cors' })`,
      'a message': `read(${at(session)}, ${message})`,
      'a WebSocket': `socket(${at('/socket.io/?EIO=4&transport=websocket')})`,
      'a WebSocket of a session': `socket(${at(asWebSocket)})`,
      'the gallery': `read(${at('/shelf')}, {})`,
      'the gallery, unseen': `read(${at('/shelf')}, { mode: 'no-cors' })`,
      'a picture': `load('img', ${at('/gallery/heart.png')})`,
      'a script of the studio': `load('script', ${at('/studio.js')})`,
      'a style of the studio': `load('link', ${at('/studio.css')})`,
      'the page as text': `read(${at('/')}, {})`,
      'an upload': `read(${at('/uploads')}, { method: 'POST', body: 'x' })`,
      'an upload, unseen': `read(${at('/uploads')}, { method: 'POST', mode: 'no-cors', body: 'x' })`,
      'a form to a session': `form(${at(session)})`,
    });
    expect(Object.entries(got).filter(([, what]) => what !== 'refused')).toEqual([]);
    expect(await page.evaluate(`window.overheard ?? 'nothing'`)).toBe('nothing');

    // Nobody had spoken in the session that the page knew of: it is as it was, and its owner's.
    expect((await ask(origin, session, { method: 'POST', body: '40', headers: { origin } })).body).toBe('ok');
    expect((await ask(origin, session, { headers: { origin } })).body).toMatch(/^40\{"sid":/);
    expect(server.jobs.list()).toEqual([]);
    expect(await readdir(join(server.data, 'uploads'))).toEqual(uploads);
  });

  it('uploads no picture by a beacon or a form either', async () => {
    const page = await foreign('localhost');
    const png = JSON.stringify([...(await drawn('star', 'gold'))]);
    logged.length = 0;
    await page.evaluate(`navigator.sendBeacon(${at('/uploads')}, new Blob([Uint8Array.from(${png})]))`);
    expect(await tries(page, { form: `form(${at('/uploads')})` })).toEqual({ form: 'refused' });
    const refused = (): unknown[] =>
      logged.map((line) => JSON.parse(line) as { path?: string; code?: string }).filter((l) => l.path === '/uploads');
    await expect
      .poll(refused, { timeout: 20_000 })
      .toMatchObject([{ code: 'ORIGIN_REFUSED' }, { code: 'ORIGIN_REFUSED' }]);
    expect(await readdir(join(server.data, 'uploads'))).toEqual([]);
  });

  it('cannot show the studio in a frame, and may link to it', async () => {
    const page = await foreign('localhost');
    await page.evaluate(`tries.load('iframe', ${at('/')})`);
    expect(await page.frameLocator('iframe').getByRole('button').count()).toBe(0);
    await page.getByRole('link', { name: 'the studio' }).click();
    await page.getByRole('button', { name: 'Make' }).waitFor();
  });

  it('is all that is kept out: the studio does what the page tried', async () => {
    const foreigner = await foreign('localhost');
    const studio = await opened(server.url);
    await studio.getByRole('button', { name: 'Make' }).waitFor();
    await studio.evaluate(TRIES);
    const calls = {
      gallery: `read(${at('/shelf')}, {})`,
      picture: `load('img', ${at('/gallery/heart.png')})`,
      socket: `socket(${at('/socket.io/?EIO=4&transport=websocket')})`,
      upload: `read(${at('/uploads')}, { method: 'POST', body: 'x' })`,
    };
    expect(await tries(studio, calls)).toEqual({
      gallery: expect.stringMatching(/^basic 200 .*heart\.png/),
      picture: 'loaded',
      socket: expect.stringMatching(/^opened|^read 0/),
      upload: expect.stringMatching(/^basic 422 /),
    });
    expect(Object.values(await tries(foreigner, calls))).toEqual(Array.from({ length: 4 }, () => 'refused'));
  });
});
