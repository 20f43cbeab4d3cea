import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePicture, Engine } from '../../../core/index.ts';
import { drawn, temporaryFolder } from '../../support/pictures.ts';
import { useEngine } from '../../support/services.ts';

const engine = useEngine();
const shown = async (...list: Parameters<typeof drawn>[]) =>
  Promise.all(list.map(async (args) => ({ bytes: new Uint8Array(await drawn(...args)), name: args.join(' ') })));

describe('scores', () => {
  it('are higher for the words that fit', async () => {
    const pictures = await shown(['heart', 'red'], ['star', 'gold'], ['square', 'blue']);
    const table = await engine.similarity(pictures, ['a red heart', 'a yellow star', 'a blue square']);
    table.forEach((row, i) => {
      expect(row.indexOf(Math.max(...row))).toBe(i);
    });
    for (const c of table.flat()) expect(Math.abs(c)).toBeLessThanOrEqual(1);
  });
  it('become probabilities that sum to one', async () => {
    const [row = []] = await engine.probabilities(await shown(['heart', 'red']), ['a heart', 'a star', 'a cat']);
    expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    expect(row[0]).toBeGreaterThan(0.9);
  });
});

describe('classification', () => {
  it('finds the label over several templates, and goes on past a picture that cannot be read', async () => {
    const pictures = [
      ...(await shown(['star', 'gold'], ['heart', 'red'])),
      { bytes: new Uint8Array([1, 2, 3]), name: 'torn' },
    ];
    const labels = ['heart', 'star', 'fish'];
    const found = new Map<number, string>();
    for await (const one of engine.classify(pictures, labels))
      found.set(
        one.index,
        'error' in one ? one.error.code : (labels[one.probabilities.indexOf(Math.max(...one.probabilities))] ?? ''),
      );
    expect(Object.fromEntries(found)).toEqual({ 0: 'star', 1: 'heart', 2: 'PICTURE_UNREADABLE' });
  });
});

describe('ranking', () => {
  it('ranks pictures by weighted prompts with progress, and prompts by a picture', async () => {
    const pictures = await shown(['square', 'blue'], ['heart', 'red'], ['star', 'gold']);
    const progress: number[] = [];
    const { ranking } = await engine.rankPictures(pictures, [{ text: 'a red heart', weight: 1 }], {
      onProgress: (done) => progress.push(done),
    });
    expect(ranking.map((r) => r.index)[0]).toBe(1);
    expect(progress.at(-1)).toBe(3);
    const prompts = await engine.rankPrompts(pictures[2] as { bytes: Uint8Array; name: string }, [
      'a cat',
      'a yellow star',
      'a house',
    ]);
    expect(prompts[0]?.index).toBe(1);
  });
  it('goes through thousands of files in batches', async () => {
    const folder = await temporaryFolder();
    const [one, two] = [await drawn('circle', 'red'), await drawn('star', 'gold')];
    const pictures = await Promise.all(
      Array.from({ length: 1200 }, async (_, i) => {
        const path = join(folder, `${i}.png`);
        await writeFile(path, i % 100 === 7 ? two : one);
        return { path };
      }),
    );
    const { ranking, failures } = await engine.rankPictures(pictures, [{ text: 'a yellow star', weight: 1 }]);
    expect(failures).toEqual([]);
    expect(new Set(ranking.slice(0, 12).map((r) => r.index % 100))).toEqual(new Set([7]));
  });
});

describe('the gradient with respect to pixels', () => {
  it('is how the value changes when it is followed, up and down', async () => {
    const { guiding, side: clean } = await engine.info();
    const size = guiding?.side ?? clean;
    const picture = await sharp(await drawn('circle', 'orange'))
      .resize(size, size)
      .removeAlpha()
      .png()
      .toBuffer();
    const against = await engine.embedTexts(['a red heart', 'an orange']);
    const looked = (bytes: Uint8Array) =>
      engine.pixelGradient([{ bytes, name: 'a circle' }], against, Float32Array.of(1, -0.5));
    const { gradient, side, value, cosines } = await looked(picture);
    expect(side).toBe(size);
    expect(gradient).toHaveLength(3 * size ** 2);
    expect(value).toBeCloseTo((cosines[0] ?? 0) - 0.5 * (cosines[1] ?? 0), 5);
    const { data } = await decodePicture(picture, 'circle');
    const at = (i: number): number => gradient[(i % 3) * size ** 2 + Math.floor(i / 3)] ?? 0;
    /** The value of the picture with each number a tone further along the gradient or against it, where there is room on both sides. */
    let slope = 0;
    const moved = async (by: number): Promise<number> => {
      slope = 0;
      const bytes = data.map((v, i) => {
        if (v < 1 || v > 254) return v;
        slope += Math.abs(at(i)) / 255;
        return v + by * Math.sign(at(i));
      });
      const raw = { width: size, height: size, channels: 3 } as const;
      return (await looked(await sharp(Buffer.from(bytes), { raw }).png().toBuffer())).value;
    };
    const risen = (await moved(1)) - (await moved(-1));
    expect(slope).toBeGreaterThan(0.001);
    expect(risen / (2 * slope)).toBeGreaterThan(0.7);
    expect(risen / (2 * slope)).toBeLessThan(1.3);
  });
});

describe('cancelling and failing', () => {
  it('ends a stream of embeddings at the next batch', async () => {
    const [picture] = await shown(['circle', 'red']);
    const abort = new AbortController();
    const run = async () => {
      for await (const batch of engine.embedPictures(
        Array.from({ length: 2000 }, () => picture as { bytes: Uint8Array; name: string }),
        { signal: abort.signal },
      ))
        if (batch.indices.length > 0) abort.abort();
    };
    await expect(run()).rejects.toMatchObject({ code: 'CANCELLED' });
    expect((await engine.embedTexts(['still here'])).count).toBe(1);
  });
  it('of who asked first for the everyday captions takes them from nobody else', async () => {
    const abort = new AbortController();
    const fresh = new Engine({ threads: 1 });
    const [first, second] = [fresh.captions({ signal: abort.signal }), fresh.captions()];
    abort.abort();
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
    expect((await second).count).toBeGreaterThan(300);
    await fresh.close();
  });
  it('refuses at once what is cancelled already', async () => {
    await expect(engine.info({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
  it('says what is wrong with a model folder, and again when asked again', async () => {
    const lost = new Engine({ model: '/nowhere' });
    for (let i = 0; i < 2; i++) await expect(lost.info()).rejects.toMatchObject({ code: 'MODEL_MISSING' });
    await lost.close();
    await expect(lost.info()).rejects.toMatchObject({ code: 'ENGINE_STOPPED' });
  });
});
