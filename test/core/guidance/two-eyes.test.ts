/** Models that carry a second image tower for gradients beside the one that sees best. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFolder } from '../../../core/clip/folder.ts';
import { locateModel } from '../../../core/clip/hub/index.ts';
import { ClipModel } from '../../../core/clip/model.ts';
import { trace, writeOnnx } from '../../../core/graph/index.ts';
import { type Engine, type GuideEvent, loadRegistry, strokes } from '../../../core/index.ts';
import { guidingWith, picture, request } from '../../support/guiding.ts';
import { startHub } from '../../support/hub.ts';
import { drawn, temporaryFolder } from '../../support/pictures.ts';
import { useFolder } from '../../support/plugin-files.ts';
import { eventsOf, servicesOf, useEngine } from '../../support/services.ts';
import { strangeModel } from '../../support/with-models.ts';

const made = useFolder();
const SIDE = 8;
const FILE = 'onnx/guiding_model.onnx';
/** What its eyes like does not matter here: small ones are sooner compiled. */
const base = strangeModel();
const { dimension = 0 } = await (await ClipModel.open(base)).info();

/** Row `c` of what a picture's mean colour is multiplied with: [3, width]. */
const tableOf = (width: number): Float32Array =>
  Float32Array.from({ length: 3 * width }, (_, i) => Math.sin(1 + Math.floor(i / width) + (i % width) * 0.37));

/** An eye that sees nothing but the mean colour. */
const colourEye = (width = dimension): Uint8Array =>
  writeOnnx(
    trace('guiding', (t) => {
      const mean = t.input('pixel_values', [1, 3, SIDE, SIDE]).mean([2, 3], false);
      return { image_embeds: mean.matmul(t.constant(tableOf(width), [3, width])) };
    }),
  );

const config = JSON.parse(readFileSync(join(base, 'config.json'), 'utf8')) as object;
const TOWERS = ['vision_model.onnx', 'text_model.onnx'];
/** Words and a clean eye alone. */
function oneEyed(name: string): string {
  const folder = mkdtempSync(join(made, name));
  cpSync(base, folder, {
    recursive: true,
    filter: (from) => !from.endsWith('.onnx') || TOWERS.includes(basename(from)),
  });
  return folder;
}
/** The same with a guiding eye, as `change` leaves it. */
function twoEyed(change: { readonly file?: string; readonly eye?: Uint8Array } = {}): string {
  const { file = FILE, eye = colourEye() } = change;
  const folder = oneEyed('two-eyed-');
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, guiding_model: { file, image_size: SIDE } }));
  writeFileSync(join(folder, FILE), eye);
  return folder;
}
const model = twoEyed();
/** The clean eye alone. */
const single = oneEyed('one-eyed-');

const engineOf = (folder: string): Engine => useEngine({ model: folder });
const [engine, plain] = [engineOf(model), engineOf(single)];
const stepsOf = (events: readonly GuideEvent[]) => events.flatMap((e) => (e.type === 'step' ? [e] : []));

describe('a folder with a guiding eye', () => {
  it('says so, and everything else as before', async () => {
    const [info, before] = await Promise.all([engine.info(), plain.info()]);
    expect(info.guiding).toEqual({ file: 'guiding_model.onnx', side: SIDE });
    expect(info).toMatchObject({ side: before.side, towers: before.towers, logits: before.logits });
    expect(info.hash).not.toBe(before.hash);
    expect(await (await ClipModel.open(twoEyed())).hash()).toBe(info.hash);
    const pictures = [{ bytes: await drawn('heart', 'red'), name: 'a heart' }];
    const [one, other] = [await engine.embedAll(pictures), await plain.embedAll(pictures)];
    expect([...one.data]).toEqual([...other.data]);
  });
  it('has both of its eyes inspected and checked', async () => {
    const { graphs } = await engine.inspect();
    expect(graphs.map((g) => g.file)).toContain('guiding_model.onnx');
    for await (const report of engine.check(model)) expect(report.error, report.file).toBeUndefined();
  });
  it.each([
    ['that is not there', { file: 'onnx/other.onnx' }, 'MODEL_MISSING', 'onnx/other.onnx, which is not there'],
    ['that lies elsewhere', { file: 'config.json' }, 'MODEL_MISSING', 'does not lie beside'],
    ['that leads out', { file: '../../eye.onnx' }, 'PATH_ESCAPES', '../../eye.onnx'],
  ] as const)('%s is refused when it is opened', async (_, change, code, words) => {
    await expect(openFolder(twoEyed(change))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words),
    });
  });
  it('of another space is refused when it is to guide', async () => {
    const eye = (await ClipModel.open(twoEyed({ eye: colourEye(dimension + 1) }))).guidingEye();
    await expect(eye).rejects.toMatchObject({
      code: 'MODEL_BROKEN',
      message: expect.stringContaining(`${dimension + 1} numbers`),
    });
  });
  it('is fetched from a hub with it', async () => {
    const hub = await startHub(model);
    const cache = await temporaryFolder();
    const folder = await locateModel('someone/clip', { hub: hub.url, cache });
    expect(readFileSync(join(folder, FILE)).equals(Buffer.from(colourEye()))).toBe(true);
    await hub.close();
    expect(await locateModel('someone/clip', { hub: hub.url, cache, offline: true })).toBe(folder);
  });
});

describe('gradients of pictures', () => {
  it('are the guiding eye’s, or the clean one’s when that is asked for', async () => {
    const pictures = [{ bytes: await drawn('heart', 'red'), name: 'a heart' }];
    const against = await engine.embedTexts(['a red heart']);
    const weights = Float32Array.of(1);
    const guided = await engine.pixelGradient(pictures, against, weights);
    expect(guided.side).toBe(SIDE);
    // Of a mean, every pixel has the same gradient.
    for (const c of [0, 1, 2]) {
      const plane = guided.gradient.subarray(c * SIDE ** 2, (c + 1) * SIDE ** 2);
      for (const g of plane) expect(g).toBeCloseTo(plane[0] ?? Number.NaN, 6);
      expect(plane[0]).not.toBe(0);
    }
    const [clean, before] = [
      await engine.pixelGradient(pictures, against, weights, { eye: 'clean' }),
      await plain.pixelGradient(pictures, against, weights),
    ];
    expect(clean.side).toBe(before.side);
    expect([...clean.gradient]).toEqual([...before.gradient]);
  });
});

describe('a run', () => {
  const asked = (more: object = {}) => request(strokes as never, 'a red heart', { steps: 12, frameEvery: 6 }, more);
  it('is guided by one eye and judged by the other', async () => {
    const events = await guidingWith(engine).run(asked({ judge: single }));
    expect(events[0]).toMatchObject({ type: 'compiled', judges: ['clean', 'judge'] });
    const judged = events.flatMap((e) => (e.type === 'judged' ? [e] : []));
    expect(judged.map((j) => [j.by, j.step])).toEqual([
      ['clean', 6],
      ['judge', 6],
      ['clean', 12],
      ['judge', 12],
    ]);
    for (const [i, { by, cosines }] of judged.entries())
      if (by === 'clean') expect(judged[i + 1]?.cosines[0]).toBeCloseTo(cosines[0] ?? Number.NaN, 5);
    expect(stepsOf(events)[0]?.cosines[0]).not.toBeCloseTo(judged[0]?.cosines[0] ?? Number.NaN, 2);
  });
  it('gives the same bytes again, and others than by the clean eye', async () => {
    const [one, again] = [await guidingWith(engine).run(asked()), await guidingWith(engine).run(asked())];
    expect(Buffer.compare(picture(one), picture(again))).toBe(0);
    const clean = await guidingWith(engine).run(asked({ lookers: [{ weight: 1, eye: 'clean' }] }));
    expect(clean[0]).toMatchObject({ judges: [] });
    expect(Buffer.compare(picture(clean), picture(one))).not.toBe(0);
  });
  it('by the clean eye is that of the same model without another', async () => {
    const [clean, before] = [
      await guidingWith(engine).run(asked({ lookers: [{ weight: 1, eye: 'clean' }] })),
      await guidingWith(plain).run(asked()),
    ];
    expect(stepsOf(clean).map((s) => s.cosines)).toEqual(stepsOf(before).map((s) => s.cosines));
    const pixels = async (events: readonly GuideEvent[]): Promise<Buffer> => {
      const sharp = (await import('sharp')).default;
      return sharp(picture(events)).raw().toBuffer();
    };
    expect(Buffer.compare(await pixels(clean), await pixels(before))).toBe(0);
  });
  it('of the plugin shows the clean eye’s score under the prompt’s name, and that of the guiding one beside it', async () => {
    const guide = (await loadRegistry()).find('guide');
    const parameters = { prompt: 'a red heart', steps: 12, size: 64, crops: 2, tidy: 0 };
    const chartOf = async (more: object = {}) =>
      (await eventsOf(guide, { ...parameters, ...more }, servicesOf(engine))).flatMap((e) =>
        e.type === 'chart' ? [e] : [],
      );
    const chart = await chartOf();
    expect(Object.keys(chart[0]?.series ?? {})).toEqual(['a red heart (guiding eye)']);
    expect(Object.keys(chart.at(-1)?.series ?? {}).sort()).toEqual(['a red heart', 'a red heart (guiding eye)']);
    const clean = await chartOf({ eye: 'clean' });
    expect(Object.keys(clean.at(-1)?.series ?? {})).toEqual(['a red heart']);
  });
});
