import {
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FetchOptions } from '../../../core/clip/hub/fetch-model.ts';
import { locateModel } from '../../../core/clip/hub/index.ts';
import { ClipModel } from '../../../core/clip/model.ts';
import { smallModel } from '../../support/damaged-model.ts';
import { type Hub, startHub } from '../../support/hub.ts';
import { temporaryFolder } from '../../support/pictures.ts';
import { useFolder } from '../../support/plugin-files.ts';

const NAME = 'someone/clip';
const VISION = 'onnx/vision_model.onnx';
/** Where nobody listens. */
const AWAY = 'http://127.0.0.1:9';
const whole = useFolder();
const model = smallModel(whole);
let hub: Hub;
let cache: string;
const patience = { attempts: 3, pause: 5, silence: 15_000 };
const fetched = (more: FetchOptions = {}): Promise<string> =>
  locateModel(NAME, { hub: hub.url, cache, patience, ...more });
/** Files that were fetched since, by name. */
const contents = (since: number): string[] =>
  hub.asked.slice(since).flatMap(({ path }) => {
    const name = /^content:(.*)|\/resolve\/[^/]+\/(.*)$/.exec(path);
    return name?.[1] ?? name?.[2] ?? [];
  });

/** What is fetched while somebody takes the lock away; that is seen when the lock is looked after, every ten seconds. */
async function fetchedWithoutLock(): Promise<Buffer> {
  const silent = await startHub(model);
  const folder = join(whole, 'cache');
  let stalled: (() => void) | undefined;
  silent.misbehave = (path, response) => {
    if (!path.endsWith(VISION) || stalled) return false;
    stalled = () => response.destroy();
    return true;
  };
  const fetching = locateModel(NAME, { hub: silent.url, cache: folder, patience });
  while (!stalled) await setTimeout(20);
  const blobs = join(folder, 'models--someone--clip', 'blobs');
  const [held = ''] = readdirSync(blobs).filter((name) => name.endsWith('.lock'));
  rmdirSync(join(blobs, held));
  await setTimeout(10_800);
  stalled();
  const bytes = readFileSync(join(await fetching, VISION));
  await silent.close();
  return bytes;
}
let stolen: Promise<Buffer> | undefined;
beforeAll(() => {
  stolen = fetchedWithoutLock();
  stolen.catch(() => undefined);
});
beforeEach(async () => {
  hub = await startHub(model);
  cache = await temporaryFolder();
});
afterEach(() => hub.close());

function flipped(path: string): void {
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
const DAMAGES: Readonly<Record<string, (path: string) => void>> = {
  'a flipped bit': flipped,
  'a cut': (path) => truncateSync(path, Math.floor(readFileSync(path).length * 0.7)),
  'no bytes left': (path) => truncateSync(path, 0),
};
const FILES = [VISION, 'tokenizer.json', 'config.json'];
const CASES = FILES.flatMap((file) => Object.keys(DAMAGES).map((how) => [file, how] as const));

describe('a file of a model in the cache that is damaged', () => {
  it.each(CASES)('%s with %s is named while the hub is away, and fetched again when it is there', async (file, how) => {
    const folder = await fetched();
    DAMAGES[how]?.(realpathSync(join(folder, file)));
    const damaged = { code: 'HUB_DAMAGED', message: expect.stringContaining(file) };
    await expect(fetched({ offline: true })).rejects.toMatchObject(damaged);
    await expect(fetched({ hub: AWAY })).rejects.toMatchObject(damaged);
    const since = hub.asked.length;
    expect(await fetched()).toBe(folder);
    expect(new Set(contents(since))).toEqual(new Set([file]));
    expect(readFileSync(join(folder, file)).equals(hub.files.get(file) ?? Buffer.of())).toBe(true);
    expect(await fetched({ offline: true })).toBe(folder);
  });
  it('gives a model that works once it was fetched again', async () => {
    const folder = await fetched();
    for (const file of FILES) flipped(realpathSync(join(folder, file)));
    const repaired = await ClipModel.open(await fetched());
    const honest = await ClipModel.open(model);
    expect([...(await repaired.embedTexts(['a red heart'])).data]).toEqual([
      ...(await honest.embedTexts(['a red heart'])).data,
    ]);
  });
  it('is fetched again when its content is gone and only its name is left', async () => {
    const folder = await fetched();
    rmSync(realpathSync(join(folder, VISION)));
    await expect(fetched({ offline: true })).rejects.toMatchObject({ code: 'HUB_DAMAGED' });
    const since = hub.asked.length;
    await fetched();
    expect(new Set(contents(since))).toEqual(new Set([VISION]));
  });
  it('that is whole is not fetched again', async () => {
    const folder = await fetched();
    const since = hub.asked.length;
    expect(await fetched()).toBe(folder);
    expect(contents(since)).toEqual([]);
  });
});

describe('a lock on a file that is to be fetched', () => {
  const blobOf = async (): Promise<string> => {
    const real = realpathSync(join(await fetched(), VISION));
    rmSync(real);
    return real;
  };
  it('that another holds is waited for, and the wait can be cancelled', async () => {
    const blob = await blobOf();
    const release = await lock(blob, { realpath: false });
    const abort = new AbortController();
    const waiting = fetched({ signal: abort.signal });
    const first = await Promise.race([waiting.catch(() => 'ended'), setTimeout(700, 'waits')]);
    expect(first).toBe('waits');
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    const patient = fetched();
    await release();
    expect(readFileSync(join(await patient, VISION)).equals(hub.files.get(VISION) ?? Buffer.of())).toBe(true);
  });
  it('that was left by one who was killed is taken over', async () => {
    const blob = await blobOf();
    mkdirSync(`${blob}.lock`);
    const before = new Date(Date.now() - 3_600_000);
    await utimes(`${blob}.lock`, before, before);
    await expect(fetched()).resolves.toContain(hub.commit);
  });
  it('that is taken away while fetching ends neither the fetch nor the process', async () => {
    expect((await stolen)?.equals(readFileSync(join(model, VISION)))).toBe(true);
  });
});
