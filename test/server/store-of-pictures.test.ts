/** Pictures in a store that speaks S3: the server of another project. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { s3Keep } from '../../server/keep/s3.ts';
import { atEnd } from '../support/ending.ts';
import { drawing, ended, folder, on, pictureOf, start } from '../support/remembering.ts';

const USERS = 'S3RVER';
beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lodestone-s3-'));
  const store = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory,
    configureBuckets: [{ name: 'art' }],
  });
  const { port } = await store.run();
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', USERS);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', USERS);
  atEnd(async () => {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });
});
afterAll(() => void vi.unstubAllEnvs());

describe('a store of pictures', () => {
  it('keeps them by name, gives them back, lists and removes them', async () => {
    const { gallery, reports } = s3Keep('s3://art/ours');
    const bytes = new Uint8Array([0, 255, 1, 254]);
    await gallery.put('a bird & co.png', bytes, 'image/png');
    await gallery.put('a bird & co.png', bytes, 'image/png');
    await reports.put('list.csv', new Uint8Array([65]), 'text/csv');
    expect([...((await gallery.read('a bird & co.png')) ?? [])]).toEqual([...bytes]);
    expect(await gallery.read('list.csv')).toBeUndefined();
    expect(await gallery.list()).toEqual([{ name: 'a bird & co.png', at: expect.any(Number), size: 4 }]);
    await gallery.remove('a bird & co.png');
    expect(await gallery.list()).toEqual([]);
    expect((await reports.list()).map(({ name }) => name)).toEqual(['list.csv']);
  });

  it('has what a server draws, to the byte, and shows it in the gallery', async () => {
    const [data, other] = [await folder(), await folder()];
    const drawOn = async (place: string, pictures?: string) => {
      const server = await on(place, pictures === undefined ? {} : { pictures });
      return { server, job: await ended(server, (await start(server, { ...drawing, steps: 8 })).id) };
    };
    const { server, job } = await drawOn(data, 's3://art');
    const there = await drawOn(other);
    const wanted = await pictureOf(other, there.job);
    const got = await fetch(new URL(`gallery/${job.picture?.file}`, server.url));
    expect(got.headers.get('content-type')).toBe('image/png');
    expect(got.headers.get('content-security-policy')).toBe('sandbox');
    expect(Buffer.compare(Buffer.from(await got.arrayBuffer()), wanted)).toBe(0);
    const { pictures: names } = (await (await fetch(new URL('shelf', server.url))).json()) as {
      pictures: { name: string }[];
    };
    expect(names.map(({ name }) => name)).toEqual([job.picture?.file]);
    expect((await fetch(new URL('gallery/none.png', server.url))).status).toBe(404);
    expect((await fetch(new URL('gallery/..%2fart', server.url))).status).toBe(404);
  });

  it('that cannot be reached fails the run that has something to keep, and says what to do', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1');
    const server = await on(await folder(), { pictures: 's3://art' });
    const { id } = await start(server, { ...drawing, steps: 4 });
    expect(await ended(server, id)).toMatchObject({
      state: 'failed',
      error: { code: 'FILE_WRITE', message: expect.stringContaining('s3://art/gallery/') },
    });
  });
});
