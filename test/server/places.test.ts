import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../server/server.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { ask, codeIn } from '../support/requests.ts';
import { type TestServer, useServer } from '../support/server.ts';

let server: TestServer;
let origin: string;
let gallery: string;
let reports: string;
beforeAll(async () => {
  server = await useServer();
  ({ origin } = new URL(server.url));
  [gallery, reports] = [join(server.data, 'gallery'), join(server.data, 'reports')];
});

const listed = async (): Promise<string[]> =>
  (JSON.parse((await ask(origin, '/shelf')).body) as { pictures: { name: string }[] }).pictures.map(({ name }) => name);

describe('what lies in the gallery', () => {
  it('is listed and given as what it is, the newest first: PNG, JPEG and WebP', async () => {
    const png = await drawn('heart', 'red');
    const pictures = {
      'first.webp': await sharp(png).webp().toBuffer(),
      'second.jpg': await sharp(png).jpeg().toBuffer(),
      'third.png': png,
      '心 #1?.png': png,
    };
    for (const [i, [name, bytes]] of Object.entries(pictures).entries()) {
      await writeFile(join(gallery, name), bytes);
      await utimes(join(gallery, name), 1e9 + i, 1e9 + i);
    }
    await writeFile(join(gallery, 'notes.txt'), 'no picture');
    expect(await listed()).toEqual(Object.keys(pictures).reverse());
    for (const [name, bytes] of Object.entries(pictures)) {
      const got = await fetch(`${origin}/gallery/${encodeURIComponent(name)}`);
      expect(got.status, name).toBe(200);
      expect(got.headers.get('content-type')).toBe(`image/${(await sharp(bytes).metadata()).format}`);
      expect(Buffer.from(await got.arrayBuffer()).equals(bytes), name).toBe(true);
    }
  });
  it('runs nothing when it is opened as a page, and reports are kept rather than opened', async () => {
    await writeFile(join(gallery, 'drawing.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
    await writeFile(join(reports, 'report.html'), '<p>report');
    const [drawing, report] = [await ask(origin, '/gallery/drawing.svg'), await ask(origin, '/reports/report.html')];
    expect([drawing.status, drawing.headers['content-security-policy']]).toEqual([200, 'sandbox']);
    expect([report.status, report.headers['content-security-policy']]).toEqual([200, 'sandbox']);
    expect(report.headers['content-disposition']).toBe('attachment');
  });
});

describe('nothing else is given', () => {
  beforeAll(async () => {
    await writeFile(join(server.data, 'secret.png'), await drawn('star', 'gold'));
    for (const folder of [gallery, reports]) {
      await symlink(join(server.data, 'secret.png'), join(folder, 'link.png'));
      await symlink(server.data, join(folder, 'way-out'));
      await symlink('/nowhere', join(folder, 'dangling.png'));
      await mkdir(join(folder, 'folder.png'));
      await writeFile(join(folder, 'folder.png', 'inside.png'), 'x');
      await writeFile(join(folder, '.hidden.png'), 'x');
    }
  });
  it('in the list: no link, folder or hidden file', async () => {
    const names = await listed();
    expect(names).toContain('third.png');
    expect(names.filter((name) => /link|way-out|dangling|folder|hidden/.test(name))).toEqual([]);
  });
  it.each([
    'link.png',
    'dangling.png',
    'way-out',
    'way-out/secret.png',
    'way-out%2fsecret.png',
    '.hidden.png',
    '%2ehidden.png',
    'folder.png',
    'folder.png/',
    'folder.png/inside.png',
    '..%2fsecret.png',
    '..%2f..%2f..%2f..%2fetc%2fpasswd',
    '%2e%2e%2fsecret.png',
    '../secret.png',
    './../secret.png',
    '..\\secret.png',
    '..%5csecret.png',
    'third.png%00',
    'third.png%00.txt',
    '%00',
    '%zz',
    '%c0%ae%c0%ae%2fsecret.png',
    '/third.png',
    '.',
  ])('by name: %s', async (name) => {
    for (const folder of ['gallery', 'reports']) {
      const got = await ask(origin, `/${folder}/${name}`);
      expect([got.status, codeIn(got)], folder).toEqual([404, 'FILE_MISSING']);
    }
  });
  it.each(['/..%2f..%2fpackage.json', '/.git/config', '/%2e%2e/secret.png', '/../secret.png'])(
    'beside the studio: %s',
    async (path) => {
      expect((await ask(origin, path)).status).toBe(404);
    },
  );
});

describe('a request that cannot be met has a code', () => {
  it.each([
    ['a range beyond the end', 416, 'GET', '/gallery/third.png', { range: 'bytes=999999-' }],
    ['a job whose name cannot be read', 400, 'GET', '/jobs/%zz/ranking/0', {}],
    ['a job that is not there', 404, 'GET', '/jobs/gone/ranking/0', {}],
    ['an address that is not there', 404, 'GET', '/nowhere', {}],
    ['a method that is not there', 404, 'DELETE', '/gallery/third.png', {}],
    ['an upload in an encoding that nobody knows', 422, 'POST', '/uploads', { 'content-encoding': 'pigeon' }],
  ] as const)('%s: %i', async (_what, status, method, path, headers) => {
    const got = await ask(origin, path, { method, headers, ...(method === 'POST' ? { body: 'x' } : {}) });
    expect(got.status).toBe(status);
    expect(codeIn(got)).toMatch(/^[A-Z_]+$/);
    expect(codeIn(got)).not.toBe('INTERNAL');
  });
  it('and one for a part of a picture is given that part', async () => {
    const got = await fetch(`${origin}/gallery/third.png`, { headers: { range: 'bytes=1-3' } });
    expect([got.status, await got.text()]).toEqual([206, 'PNG']);
  });
});

describe('a data folder', () => {
  const started = (data: string): Promise<RunningServer> =>
    startServer({ port: 0, data, logger: pino({ level: 'silent' }) });
  const owner = (more: object): string =>
    JSON.stringify({ pid: process.pid, started: '', host: os.hostname(), id: 'an-owner', ...more });

  it('belongs to one server at a time, and the second is told whose it is', async () => {
    const data = await temporaryFolder();
    const first = await started(data);
    const message = expect.stringContaining(String(process.pid));
    await expect(started(data)).rejects.toMatchObject({ code: 'DATA_IN_USE', message });
    expect((await fetch(new URL('/health', first.url))).status).toBe(200);
    await first.close();
    await (await started(data)).close();
    expect(await readdir(data)).not.toContain('.lock');
  });
  it('whose server has died is taken over', async () => {
    const data = await temporaryFolder();
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    await writeFile(join(data, '.lock'), owner({ pid: child.pid }));
    const server = await started(data);
    expect(JSON.parse(await readFile(join(data, '.lock'), 'utf8'))).toMatchObject({ pid: process.pid });
    await server.close();
  });
  it.runIf(process.platform === 'linux')(
    'whose server has died is taken over though its number was given again',
    async () => {
      const data = await temporaryFolder();
      await writeFile(join(data, '.lock'), owner({ started: '1' }));
      await (await started(data)).close();
    },
  );
  it('of another machine, or whose lock is not written yet, is left alone until it is old', async () => {
    for (const content of [owner({ host: 'another-machine', pid: 1 }), '']) {
      const data = await temporaryFolder();
      await writeFile(join(data, '.lock'), content);
      await expect(started(data)).rejects.toMatchObject({ code: 'DATA_IN_USE' });
      const old = Date.now() / 1000 - 3600;
      await utimes(join(data, '.lock'), old, old);
      await (await started(data)).close();
    }
  });
  it('loses what was half-written when its server was killed, and nothing else', async () => {
    const data = await temporaryFolder();
    const others = ['.keep', '.notes.part', 'a.part', '.0000.part', 'picture.png'];
    for (const folder of ['gallery', 'uploads', 'reports', '.']) {
      await mkdir(join(data, folder), { recursive: true });
      for (const name of [...others, `.${crypto.randomUUID()}.part`]) await writeFile(join(data, folder, name), 'x');
    }
    await (await started(data)).close();
    for (const folder of ['gallery', 'uploads', 'reports'])
      expect((await readdir(join(data, folder))).sort(), folder).toEqual(others.toSorted());
    expect((await readdir(data)).filter((name) => name.endsWith('.part')).sort()).toEqual(
      others.filter((name) => name.endsWith('.part')).sort(),
    );
  });
});
