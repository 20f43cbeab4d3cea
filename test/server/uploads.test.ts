import { once } from 'node:events';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { type ClientRequest, request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { Uploads } from '../../server/uploads.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { ask, codeIn, type Got } from '../support/requests.ts';
import { type TestServer, useServer } from '../support/server.ts';

const LIMIT = 64 << 20;
let server: TestServer;
let origin: string;
let folder: string;
beforeAll(async () => {
  server = await useServer();
  ({ origin } = new URL(server.url));
  folder = join(server.data, 'uploads');
});

const send = (body: string | Uint8Array, name?: string): Promise<Got> =>
  ask(origin, `/uploads${name === undefined ? '' : `?name=${encodeURIComponent(name)}`}`, { method: 'POST', body });
const fileOf = ({ status, body }: Got): string => {
  expect([status, body]).toEqual([200, expect.stringContaining('upload:')]);
  return (JSON.parse(body) as { path: string }).path.slice('upload:'.length);
};
const coloured = (i: number): Promise<Buffer> =>
  sharp({ create: { width: 20 + i, height: 30, channels: 3, background: { r: 10 * i, g: 7, b: 99 } } })
    .png()
    .toBuffer();

describe('uploads', () => {
  it('that come at once all arrive whole, each under its own name', async () => {
    const bodies = await Promise.all(Array.from({ length: 20 }, (_, i) => coloured(i)));
    const names = (await Promise.all(bodies.map((body) => send(body, 'same.png')))).map(fileOf);
    expect(new Set(names).size).toBe(20);
    for (const [i, name] of names.entries())
      expect(Buffer.compare(await readFile(join(folder, name)), bodies[i] ?? Buffer.of()), name).toBe(0);
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it.each([
    ['日本語.png', '日本語'],
    ['Ärger über Öl.jpeg', 'Ärger-über-Öl'],
    ['привет_мир-1.png', 'привет_мир-1'],
    ['مرحبا.png', 'مرحبا'],
    ['../../etc/passwd', ''],
    ['..\\..\\a.png', 'a'],
    ['.hidden', 'picture'],
    ['', 'picture'],
    ['a\u0000b"<>|*?.png', 'a-b'],
    ['हिन्दी.png', 'हिन्दी'],
    ['e\u0301cole.png', 'école'],
    [`${'a'.repeat(79)}𠮷x.png`, `${'a'.repeat(79)}𠮷`],
    ['a'.repeat(300), 'a'.repeat(80)],
  ])('named %j keep letters of all scripts and nothing that leads elsewhere', async (name, stem) => {
    const file = fileOf(await send(await drawn('heart', 'red'), name));
    expect(file).toMatch(/^[0-9a-f]{8}-[\p{L}\p{M}\p{N}_-]+\.png$/u);
    if (stem !== '') expect(file.slice(9)).toBe(`${stem}.png`);
    expect(await readdir(folder)).toContain(file);
  });
  it('end with what they are, whatever their name says', async () => {
    const jpeg = await sharp(await drawn('heart', 'red'))
      .jpeg()
      .toBuffer();
    expect(fileOf(await send(jpeg, 'heart.png'))).toMatch(/-heart\.jpeg$/);
  });

  it.each([
    ['text', 'not a picture'],
    ['nothing', ''],
    ['the beginning of a picture alone', Buffer.from('89504e470d0a1a0a', 'hex')],
  ])('that are %s are refused and leave nothing', async (_what, body) => {
    const before = await readdir(folder);
    const got = await send(body);
    expect([got.status, codeIn(got)]).toEqual([422, 'PICTURE_UNREADABLE']);
    expect(await readdir(folder)).toEqual(before);
  });
});

/** Begins to send; the answer may come before all is sent. */
function sending(headers: Readonly<Record<string, string | number>>): { out: ClientRequest; answer: Promise<Got> } {
  const { hostname, port } = new URL(origin);
  const out = request({ hostname, port, path: '/uploads', method: 'POST', agent: false, headers });
  const answer = once(out, 'response').then(async ([response]) => ({
    status: response.statusCode as number,
    headers: response.headers,
    body: await text(response),
  }));
  return { out, answer };
}
const eventually = (what: () => Promise<boolean>): Promise<void> =>
  expect.poll(what, { timeout: 20_000, interval: 20 }).toBe(true);
const parts = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name.endsWith('.part'));

describe('an upload', () => {
  it('that says it is too large is refused before it is sent', async () => {
    const before = await readdir(folder);
    const { out, answer } = sending({ 'content-length': LIMIT + 1 });
    out.write('begin');
    const got = await answer;
    out.destroy();
    expect([got.status, codeIn(got)]).toEqual([413, 'UPLOAD_TOO_LARGE']);
    expect(await readdir(folder)).toEqual(before);
  });
  it('that turns out too large is refused while it is sent, and leaves nothing', async () => {
    const before = await readdir(folder);
    const { out, answer } = sending({ 'transfer-encoding': 'chunked' });
    Readable.from(
      (function* () {
        for (let sent = 0; sent <= LIMIT; sent += 1 << 20) yield Buffer.alloc(1 << 20);
      })(),
    ).pipe(out);
    const got = await answer;
    expect([got.status, codeIn(got)]).toEqual([413, 'UPLOAD_TOO_LARGE']);
    await eventually(async () => (await parts()).length === 0);
    expect(await readdir(folder)).toEqual(before);
    fileOf(await send(await drawn('star', 'gold')));
  });
  it('whose connection breaks leaves nothing', async () => {
    const before = await readdir(folder);
    const { out, answer } = sending({ 'content-length': 1 << 20 });
    out.write(await drawn('heart', 'red'));
    await eventually(async () => (await parts()).length === 1);
    out.destroy();
    await expect(answer).rejects.toBeTruthy();
    await eventually(async () => (await parts()).length === 0);
    expect(await readdir(folder)).toEqual(before);
  });
  it('that waits for slow ones to end comes in when they break', async () => {
    const slow = Array.from({ length: 3 }, () => sending({ 'content-length': 1 << 20 }));
    for (const { out } of slow) out.write('x');
    await eventually(async () => (await parts()).length === 3);
    const waiting = send(await drawn('heart', 'red'));
    for (const { out, answer } of slow) {
      out.destroy();
      await expect(answer).rejects.toBeTruthy();
    }
    fileOf(await waiting);
  });
});

describe('a folder of few uploads', () => {
  const named = async (place: string, used: ReadonlySet<string>): Promise<string[]> => {
    const uploads = new Uploads(place, () => used, 5);
    const taken = await uploads.take(Readable.from([await drawn('heart', 'red')]), { name: 'new.png', length: 0 });
    return (await readdir(place)).map((name) => (name === taken ? 'new' : name)).sort();
  };
  const filled = async (count: number): Promise<string> => {
    const place = await temporaryFolder();
    for (let i = 0; i < count; i++) {
      await writeFile(join(place, `${i}.png`), 'x');
      await utimes(join(place, `${i}.png`), 1e9 + i, 1e9 + i);
    }
    return place;
  };

  it('makes room by removing the oldest', async () => {
    expect(await named(await filled(6), new Set())).toEqual(['2.png', '3.png', '4.png', '5.png', 'new']);
  });
  it('passes over those in use, though they are the oldest', async () => {
    const used = new Set(['0.png', '2.png']);
    expect(await named(await filled(6), used)).toEqual(['0.png', '2.png', '4.png', '5.png', 'new']);
  });
  it('keeps those that were asked for lately', async () => {
    const place = await filled(6);
    await new Uploads(place, () => new Set(), 5).touched('0.png');
    expect(await named(place, new Set())).toEqual(['0.png', '3.png', '4.png', '5.png', 'new']);
  });
  it('keeps all when all are in use', async () => {
    const all = Array.from({ length: 6 }, (_, i) => `${i}.png`);
    expect(await named(await filled(6), new Set(all))).toEqual(expect.arrayContaining(all));
  });
});
