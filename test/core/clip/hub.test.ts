import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EMBEDDED } from '../../../core/clip/folder.ts';
import type { FetchOptions } from '../../../core/clip/hub/fetch-model.ts';
import { locateModel } from '../../../core/clip/hub/index.ts';
import { ClipModel } from '../../../core/clip/model.ts';
import { type Hub, startHub } from '../../support/hub.ts';
import { temporaryFolder } from '../../support/pictures.ts';

const NAME = 'someone/clip';
const VISION = 'onnx/vision_model.onnx';
let hub: Hub;
let cache: string;
const options = (more: FetchOptions = {}): FetchOptions => ({
  hub: hub.url,
  cache,
  patience: { attempts: 3, pause: 5, silence: 1500 },
  ...more,
});
const fetched = (more: FetchOptions = {}, name = NAME): Promise<string> => locateModel(name, options(more));
const contents = (): string[] => hub.asked.map((a) => a.path).filter((p) => p.startsWith('content:'));

beforeEach(async () => {
  hub = await startHub(EMBEDDED);
  cache = await temporaryFolder();
});
afterEach(() => hub.close());

describe('a model of a hub', () => {
  it('is fetched once into the cache that other tools share, and works', async () => {
    const seen: number[] = [];
    const folder = await fetched({ onProgress: ({ done, total }) => seen.push(done / total) });
    expect(folder).toBe(join(cache, 'models--someone--clip', 'snapshots', hub.commit));
    expect(lstatSync(join(folder, VISION)).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(cache, 'models--someone--clip', 'refs', 'main'), 'utf8')).toBe(hub.commit);
    expect(seen.at(-1)).toBe(1);
    expect(seen.every((v, i) => i === 0 || v >= (seen[i - 1] ?? 0))).toBe(true);
    const embedded = await (await ClipModel.open(folder)).embedTexts(['a red heart']);
    expect([...embedded.data]).toEqual([...(await (await ClipModel.open(EMBEDDED)).embedTexts(['a red heart'])).data]);
    const before = contents().length;
    await fetched();
    expect(contents().length).toBe(before);
  });
  it('leaves files alone that nothing needs', async () => {
    hub.files.set('pytorch_model.bin', Buffer.alloc(1000));
    hub.files.set('onnx/vision_model_fp16.onnx', Buffer.alloc(1000));
    const folder = await fetched();
    expect(existsSync(join(folder, 'pytorch_model.bin'))).toBe(false);
    expect(existsSync(join(folder, 'onnx/vision_model_fp16.onnx'))).toBe(false);
  });
  it('may be of another revision', async () => {
    await expect(fetched({}, `${NAME}@v2`)).resolves.toContain(hub.commit);
    await expect(fetched({}, `${NAME}@v3`)).rejects.toMatchObject({
      code: 'HUB_MISSING',
      message: expect.stringContaining('v3'),
    });
  });
  it('goes on where a connection was cut', async () => {
    hub.cuts.set(VISION, 3_000_000);
    const folder = await fetched();
    expect(readFileSync(join(folder, VISION)).equals(hub.files.get(VISION) as Buffer)).toBe(true);
    const ranges = hub.asked.filter((a) => a.path === `content:${VISION}`).map((a) => a.range);
    expect(ranges[0]).toBeUndefined();
    expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
  });
  it('goes on in a later try where an earlier one was given up', async () => {
    hub.cuts.set(VISION, 2_000_000);
    await expect(fetched({ patience: { attempts: 0, pause: 1, silence: 1500 } })).rejects.toMatchObject({
      code: 'HUB_FAILED',
    });
    await fetched();
    expect(hub.asked.filter((a) => a.path === `content:${VISION}` && a.range).length).toBe(1);
  });
  it('is thrown away when its hash is wrong, and fetched anew when only the rest was', async () => {
    const honest = hub.files.get(VISION) as Buffer;
    const folder = join(cache, 'models--someone--clip', 'blobs');
    await fetched();
    const blob = readFileSync(join(cache, 'models--someone--clip', 'snapshots', hub.commit, VISION));
    expect(blob.equals(honest)).toBe(true);
    rmSync(cache, { recursive: true });
    hub.misbehave = (path, response) => {
      if (!path.endsWith(VISION)) return false;
      response.writeHead(200, { 'Content-Length': honest.length }).end(Buffer.alloc(honest.length));
      return true;
    };
    await expect(fetched()).rejects.toMatchObject({ code: 'HUB_CORRUPT', message: expect.stringContaining(VISION) });
    hub.misbehave = () => false;
    const { createHash } = await import('node:crypto');
    writeFileSync(join(folder, `${createHash('sha256').update(honest).digest('hex')}.incomplete`), Buffer.alloc(1000));
    expect(readFileSync(join(await fetched(), VISION)).equals(honest)).toBe(true);
  });
  it('that is longer than listed is refused', async () => {
    hub.misbehave = (path, response) => {
      if (!path.endsWith('config.json')) return false;
      response.writeHead(200).end(Buffer.alloc(1_000_000, 32));
      return true;
    };
    await expect(fetched()).rejects.toMatchObject({ code: 'HUB_CORRUPT' });
  });
  it('waits for a busy hub, as long as it asks', async () => {
    let busy = 2;
    hub.misbehave = (path, response) => {
      if (!path.endsWith('text_model.onnx') || busy-- <= 0) return false;
      response.writeHead(429, { 'Retry-After': '0' }).end();
      return true;
    };
    await expect(fetched()).resolves.toContain(hub.commit);
    hub.misbehave = (_path, response) => {
      response.writeHead(429).end();
      return true;
    };
    await expect(fetched({ cache: await temporaryFolder() })).rejects.toMatchObject({ code: 'HUB_BUSY' });
  });
  it.each([500, 503])('tries again after status %i, and gives up in the end', async (status) => {
    let failures = 1;
    hub.misbehave = (path, response) => {
      if (!path.includes('/tree/') || failures-- <= 0) return false;
      response.writeHead(status).end();
      return true;
    };
    await expect(fetched()).resolves.toContain(hub.commit);
    hub.misbehave = (_path, response) => {
      response.writeHead(status).end();
      return true;
    };
    await expect(fetched({ cache: await temporaryFolder() })).rejects.toMatchObject({
      code: 'HUB_FAILED',
      message: expect.stringContaining(String(status)),
    });
  });
  it('that is private needs a token, which never follows a redirect to another host', async () => {
    await hub.close();
    hub = await startHub(EMBEDDED, { token: 'hf_secret' });
    await expect(fetched()).rejects.toMatchObject({ code: 'HUB_DENIED', message: expect.stringContaining('HF_TOKEN') });
    await fetched({ token: 'hf_secret' });
    expect(hub.asked.filter((a) => a.path.startsWith('content:') && a.authorization).length).toBe(0);
  });
  it('that does not exist says so', async () => {
    await expect(fetched({}, 'nobody/nothing')).rejects.toMatchObject({ code: 'HUB_MISSING' });
  });
  it('is there offline once it was fetched, and when the hub is down', async () => {
    await expect(fetched({ offline: true })).rejects.toMatchObject({ code: 'HUB_OFFLINE' });
    const folder = await fetched();
    const asked = hub.asked.length;
    expect(await fetched({ offline: true })).toBe(folder);
    expect(hub.asked.length).toBe(asked);
    expect(await fetched({ hub: 'http://127.0.0.1:9' })).toBe(folder);
    await expect(fetched({ hub: 'http://127.0.0.1:9', cache: await temporaryFolder() })).rejects.toMatchObject({
      code: 'HUB_FAILED',
    });
  });
  it('is fetched by two at once without harm', async () => {
    const [a, b] = await Promise.all([fetched(), fetched()]);
    expect(a).toBe(b);
    expect(contents().filter((p) => p.endsWith('vision_model.onnx')).length).toBe(1);
  });
  it('can be cancelled, and says how it stands when the hub falls silent', async () => {
    const abort = new AbortController();
    hub.misbehave = (path) => path.endsWith('text_model.onnx');
    setTimeout(() => abort.abort(), 200);
    await expect(fetched({ signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(fetched({ patience: { attempts: 1, pause: 1, silence: 200 } })).rejects.toMatchObject({
      code: 'HUB_FAILED',
    });
  });
  it('cannot write outside the cache', async () => {
    // Names that are wanted, as far as they go: a graph one folder up, and weights beside it.
    const graph = hub.files.get(VISION) ?? Buffer.alloc(0);
    hub.files.delete(VISION);
    for (const name of ['../vision_model.onnx', '..\\vision_model.onnx', '../vision_model.onnx_data'])
      hub.files.set(name, graph);
    await fetched();
    expect(hub.asked.filter(({ path }) => path.includes('..'))).toEqual([]);
    expect(readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((n) => n.includes('vision'))).toEqual([]);
    await expect(fetched({ revision: '../../..' })).rejects.toMatchObject({ code: 'HUB_MISSING' });
  });
});
