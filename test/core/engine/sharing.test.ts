import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { EMBEDDED } from '../../../core/clip/folder.ts';
import { openStore, storedRow, storeRow } from '../../../core/clip/store.ts';
import { BULK_FROM } from '../../../core/engine/bulk.ts';
import { jointPercentile, percentileAmong } from '../../../core/engine/scores.ts';
import { Engine, type EngineOptions } from '../../../core/index.ts';
import { Batcher } from '../../../core/worker/batcher.ts';
import { temporaryFolder } from '../../support/pictures.ts';
import { strangeModel } from '../../support/with-models.ts';

const opened: Engine[] = [];
afterAll(() => Promise.all(opened.map((e) => e.close())));
/** An engine whose process keeps its embeddings in a folder of its own. */
function engineWith(cache: string, more: EngineOptions = {}): Engine {
  const before = process.env['LODESTONE_CACHE'];
  process.env['LODESTONE_CACHE'] = cache;
  const engine = new Engine({ threads: 1, ...more });
  opened.push(engine);
  // The process is started, and inherits the environment, with the first call.
  void engine.info();
  process.env['LODESTONE_CACHE'] = before ?? 'off';
  return engine;
}

describe('pictures of several requests', () => {
  it('share batches, and a failing run fails only its own', async () => {
    const sizes: number[] = [];
    const batcher = new Batcher(async (pixels, count) => {
      sizes.push(count);
      await new Promise((done) => setTimeout(done, 5));
      if (pixels.includes(-1)) throw new Error('broken');
      return { count, dimension: 1, data: pixels.slice(0, count) };
    });
    const asked = Array.from({ length: 40 }, (_, i) => batcher.add(async () => Float32Array.of(i)));
    expect((await Promise.all(asked)).map(([v]) => v)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(sizes).toEqual([16, 16, 8]);
    await expect(batcher.add(async () => Float32Array.of(-1))).rejects.toThrow('broken');
    await expect(batcher.add(() => Promise.reject(new Error('unreadable')))).rejects.toThrow('unreadable');
    expect([...(await batcher.add(async () => Float32Array.of(7)))]).toEqual([7]);
  });
  it('that are many are spread over processes and come in order, the same as from one', async () => {
    const folder = await temporaryFolder();
    const pictures = await Promise.all(
      Array.from({ length: BULK_FROM + 9 }, async (_, i) => {
        const name = `${i}.png`;
        const colour = { r: i % 256, g: (i * 7) % 256, b: 90 };
        return {
          bytes: new Uint8Array(
            await sharp({ create: { width: 8, height: 8, channels: 3, background: colour } })
              .png()
              .toBuffer(),
          ),
          name,
        };
      }),
    );
    pictures[100] = { bytes: new Uint8Array(10), name: 'broken.png' };
    expect(folder).not.toBe('');
    const all = async (engine: Engine): Promise<{ indices: number[]; failed: number[]; data: number[] }> => {
      const found = { indices: [] as number[], failed: [] as number[], data: [] as number[] };
      for await (const b of engine.embedPictures(pictures)) {
        found.indices.push(...b.indices);
        found.failed.push(...b.failures.map((f) => f.index));
        found.data.push(...b.embeddings.data);
      }
      return found;
    };
    const model = strangeModel();
    const [two, one] = [await all(engineWith('off', { workers: 2, model })), await all(engineWith('off', { model }))];
    expect(two.indices).toEqual(Array.from({ length: pictures.length }, (_, i) => i).filter((i) => i !== 100));
    expect(two.failed).toEqual([100]);
    expect(two.indices).toEqual(one.indices);
    expect(Math.max(...two.data.map((v, i) => Math.abs(v - (one.data[i] ?? 0))))).toBeLessThan(1e-5);
  });
});

describe('embeddings that were worked out before', () => {
  it('are kept on disk by content and model, across processes', async () => {
    const cache = await temporaryFolder();
    const bytes = new Uint8Array(readFileSync(join('examples', 'twelve', 'heart.png')));
    const first = await engineWith(cache).embedAll([{ bytes, name: 'heart.png' }]);
    await new Promise((done) => setTimeout(done, 300));
    expect(readdirSync(cache).length).toBeGreaterThan(0);
    const again = engineWith(cache);
    expect([...(await again.embedAll([{ bytes, name: 'of another name.png' }])).data]).toEqual([...first.data]);
    const texts = await again.embedTexts(['a red heart', 'a red heart', 'a dog']);
    expect([...texts.data.subarray(0, 256)]).toEqual([...texts.data.subarray(256, 512)]);
  });
  it('come back as they went in, and a store that cannot be written keeps nothing', async () => {
    const store = openStore(await temporaryFolder());
    storeRow(store, 'key', Float32Array.of(1.5, -2));
    await new Promise((done) => setTimeout(done, 100));
    expect([...(storedRow(store, 'key') ?? [])]).toEqual([1.5, -2]);
    expect(storedRow(store, 'other')).toBeUndefined();
    expect(openStore(join(EMBEDDED, 'config.json', 'inside a file')).keeps).toBe(false);
  });
});

describe('percentiles', () => {
  it('count those that fit less, ties by half', () => {
    expect([2, 1, 0.3, -2].map((v) => percentileAmong([1, 0.6, 0, -1], v))).toEqual([100, 87.5, 50, 0]);
  });
  it('of several prompts are turned over for those to keep away from', () => {
    expect(jointPercentile([90, 20], [1, -1])).toBe(85);
    expect(jointPercentile([90, 20], [3, 1])).toBe(72.5);
  });
  it('put what fits near the top and what does not near the middle, for pictures that were drawn', async () => {
    const engine = engineWith('off');
    const [heart] = await engine.rankPrompts({ path: join('examples', 'twelve', 'heart.png') }, [
      'a red heart',
      'a lorry',
    ]);
    expect(heart?.percentile).toBeGreaterThan(95);
    const { ranking } = await engine.rankPictures(
      [{ path: join('examples', 'twelve', 'heart.png') }],
      [{ text: 'a lorry', weight: 1 }],
    );
    expect(ranking[0]?.percentile).toBeLessThan(90);
  });
});
