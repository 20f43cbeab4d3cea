import { closeSync, cpSync, ftruncateSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig, parsePreprocessing } from '../../../core/clip/config.ts';
import { EMBEDDED, openFolder, readGraph } from '../../../core/clip/folder.ts';
import { chosenGraphs } from '../../../core/clip/layout.ts';
import { ClipModel } from '../../../core/clip/model.ts';
import { towerOf } from '../../../core/clip/towers.ts';
import { type Graph, readOnnx, trace, writeOnnx } from '../../../core/graph/index.ts';
import type { GraphInput, Initialiser } from '../../../core/graph/types.ts';
import { temporaryFolder } from '../../support/pictures.ts';

/** A tower of one product: the mean of the pixels over the picture, times a table that may lie elsewhere. */
function tinyTower(weights: Initialiser, pixels: Partial<GraphInput> = {}): Graph {
  const [, width = 1] = weights.shape;
  return {
    name: 'tiny',
    inputs: [{ name: 'pixels', dtype: 'float32', shape: ['batch', 3, 8, 8], ...pixels }],
    outputs: ['embedding'],
    nodes: [
      {
        name: 'pool',
        operator: 'ReduceMean',
        inputs: ['pixels', 'axes'],
        outputs: ['pooled'],
        attributes: { keepdims: { type: 'int', value: 0 } },
      },
      { name: 'project', operator: 'MatMul', inputs: ['pooled', 'weights'], outputs: ['embedding'], attributes: {} },
    ],
    initialisers: new Map([
      ['axes', { dtype: 'int64', shape: [2], bytes: new Uint8Array(BigInt64Array.of(2n, 3n).buffer) }],
      ['weights', weights],
    ]),
    types: new Map([['embedding', { dtype: 'float32', shape: [1, width] }]]),
  };
}
const table = (): Initialiser => ({
  dtype: 'float32',
  shape: [3, 4],
  bytes: new Uint8Array(Float32Array.from({ length: 12 }, (_, i) => i % 5).buffer),
});

async function folderWith(graph: Uint8Array, config: unknown = { vision_config: { image_size: 8 } }): Promise<string> {
  const folder = join(await temporaryFolder(), 'model');
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'preprocessor_config.json'), JSON.stringify({ size: { height: 8, width: 8 } }));
  writeFileSync(join(folder, 'onnx', 'vision_model.onnx'), graph);
  return folder;
}
const outside = (location: string, offset = 0): Initialiser => ({
  dtype: 'float32',
  shape: [3, 4],
  origin: { file: location, offset, length: 48 },
});

describe('weights in other files', () => {
  it('of more than 2 GB are never read here, and work', async () => {
    const offset = 2 ** 31 + 4096;
    const folder = await folderWith(writeOnnx(tinyTower(outside('vision_model.onnx_data', offset)), { refer: true }));
    const file = openSync(join(folder, 'onnx', 'vision_model.onnx_data'), 'w');
    // A sparse file: it takes no room on the disk.
    ftruncateSync(file, offset + 48);
    const { writeSync } = await import('node:fs');
    writeSync(file, new Uint8Array(Float32Array.from({ length: 12 }, (_, i) => i % 5).buffer), 0, 48, offset);
    closeSync(file);
    const before = process.memoryUsage().rss;
    const model = await ClipModel.open(folder);
    const pixels = Float32Array.from({ length: 3 * 64 }, (_, i) => 1 + Math.floor(i / 64));
    const { data } = await model.embedPixels(pixels, 1);
    const sums = [0, 1, 2, 3].map((c) => [0, 1, 2].reduce((s, r) => s + (r + 1) * ((r * 4 + c) % 5), 0));
    const length = Math.hypot(...sums);
    for (const [i, s] of sums.entries()) expect(data[i]).toBeCloseTo(s / length, 5);
    const { gradient } = await model.pixelGradient(
      pixels,
      1,
      { count: 1, dimension: 4, data: Float32Array.of(1, 0, 0, 0) },
      Float32Array.of(1),
    );
    expect(gradient.some((g) => g !== 0)).toBe(true);
    expect(process.memoryUsage().rss - before).toBeLessThan(500e6);
  });
  it.each(['../secret.bin', '/etc/passwd', '../../../../../etc/passwd', 'a/../../../secret.bin'])(
    'at %s are refused',
    async (location) => {
      const folder = await folderWith(writeOnnx(tinyTower(outside(location)), { refer: true }));
      await expect((await ClipModel.open(folder)).tower('image')).rejects.toMatchObject({ code: 'PATH_ESCAPES' });
    },
  );
  it('behind a link that leads out are refused', async () => {
    const folder = await folderWith(writeOnnx(tinyTower(outside('weights.bin')), { refer: true }));
    const secret = join(await temporaryFolder(), 'secret.bin');
    writeFileSync(secret, Buffer.alloc(48));
    symlinkSync(secret, join(folder, 'onnx', 'weights.bin'));
    await expect((await ClipModel.open(folder)).tower('image')).rejects.toMatchObject({ code: 'PATH_ESCAPES' });
  });
  it('that are missing or cut short say so', async () => {
    const folder = await folderWith(writeOnnx(tinyTower(outside('weights.bin')), { refer: true }));
    await expect((await ClipModel.open(folder)).tower('image')).rejects.toMatchObject({ code: 'FILE_MISSING' });
    writeFileSync(join(folder, 'onnx', 'weights.bin'), Buffer.alloc(40));
    await expect((await ClipModel.open(folder)).tower('image')).rejects.toMatchObject({
      code: 'ONNX_UNREADABLE',
      message: expect.stringContaining('40 bytes'),
    });
  });
});

const channelsLast = (graph: Graph): Graph => ({
  ...graph,
  inputs: graph.inputs.map((input) => ({ ...input, shape: ['b', 8, 8, 3] })),
  initialisers: new Map(graph.initialisers).set('axes', {
    dtype: 'int64',
    shape: [2],
    bytes: new Uint8Array(BigInt64Array.of(1n, 2n).buffer),
  }),
});

/** The same product in whole numbers, its pixels scaled by the widest of the batch, as dynamic quantisation writes it. */
function dynamicallyQuantised(graph: Graph): Graph {
  const [pool] = graph.nodes;
  const node = (operator: string, inputs: string[], outputs: string[]): Graph['nodes'][number] => ({
    name: outputs[0] ?? operator,
    operator,
    inputs,
    outputs,
    attributes: {},
  });
  return {
    ...graph,
    nodes: [
      ...(pool ? [pool] : []),
      node('DynamicQuantizeLinear', ['pooled'], ['small', 'scale', 'zero']),
      node('MatMulInteger', ['small', 'weights', 'zero'], ['product']),
      {
        ...node('Cast', ['product'], ['large']),
        attributes: { to: { type: 'int', value: 1 } },
      },
      node('Mul', ['large', 'scale'], ['embedding']),
    ],
    initialisers: new Map(graph.initialisers).set('weights', {
      dtype: 'int8',
      shape: [3, 4],
      bytes: Uint8Array.from({ length: 12 }, (_, i) => i % 5),
    }),
  };
}

describe('an embedding does not depend on what is embedded beside it', () => {
  const values = (count: number, each: number): Float32Array =>
    Float32Array.from({ length: count * each }, (_, i) => Math.sin(i * 0.37) * (1 + Math.floor(i / each)));
  it.each([
    ['the embedded model', async () => EMBEDDED],
    ['a quantised model', () => folderWith(writeOnnx(dynamicallyQuantised(tinyTower(table()))))],
    ['channels last', () => folderWith(writeOnnx(channelsLast(tinyTower(table()))))],
  ])('in %s', async (_, folder) => {
    const model = await ClipModel.open(await folder());
    const each = 3 * (await model.side()) ** 2;
    const pixels = values(17, each);
    const all = await model.embedPixels(pixels, 17);
    for (const [from, count] of [
      [0, 1],
      [16, 1],
      [3, 2],
      [5, 7],
      [1, 16],
    ] as const) {
      const part = await model.embedPixels(pixels.subarray(from * each, (from + count) * each), count);
      const same = all.data.subarray(from * all.dimension, (from + count) * all.dimension);
      expect([...part.data], `${count} from ${from}`).toEqual([...same]);
    }
  });
  it('nor does that of a text', async () => {
    const model = await ClipModel.open(EMBEDDED);
    const texts = ['a red heart', 'a fox asleep in the deep snow of a dark forest at night', 'the moon'];
    const all = await model.embedTexts(texts);
    for (const [i, text] of texts.entries()) {
      const alone = await model.embedTexts([text]);
      expect([...alone.data]).toEqual([...all.data.subarray(i * all.dimension, (i + 1) * all.dimension)]);
    }
  });
});

describe('a tower is called as its file wants it', () => {
  const embeddingsOf = async (pixels: Partial<GraphInput>, graph = (g: Graph): Graph => g): Promise<Float32Array> => {
    const model = await ClipModel.open(await folderWith(writeOnnx(graph(tinyTower(table(), pixels)))));
    const values = Float32Array.from({ length: 5 * 192 }, (_, i) => Math.sin(i));
    const { data } = await model.embedPixels(values, 5);
    const against = { count: 1, dimension: 4, data: Float32Array.of(1, 0, 0, 0) };
    expect((await model.pixelGradient(values, 5, against, new Float32Array(5).fill(1))).cosines.length).toBe(5);
    return data;
  };
  it('with a fixed batch', async () => {
    const wanted = await embeddingsOf({});
    for (const batch of [1, 2, 3])
      for (const [i, v] of (await embeddingsOf({ shape: [batch, 3, 8, 8] })).entries())
        expect(v).toBeCloseTo(wanted[i] ?? 0, 5);
  });
  it('with symbolic sides', async () => {
    const wanted = await embeddingsOf({});
    expect([...(await embeddingsOf({ shape: ['b', 'c', 'h', 'w'] }))]).toEqual([...wanted]);
  });
  it('with channels last', async () => {
    const wanted = await embeddingsOf({});
    for (const [i, v] of (await embeddingsOf({}, channelsLast)).entries()) expect(v).toBeCloseTo(wanted[i] ?? 0, 5);
  });
  it('with pixels in half precision', async () => {
    const wanted = await embeddingsOf({});
    const half = (g: Graph): Graph => {
      const halves = {
        dtype: 'float16' as const,
        shape: [3, 4],
        bytes: new Uint8Array(
          Uint16Array.from({ length: 12 }, (_, i) => [0, 0x3c00, 0x4000, 0x4200, 0x4400][i % 5] ?? 0).buffer,
        ),
      };
      return { ...g, initialisers: new Map(g.initialisers).set('weights', halves), types: new Map() };
    };
    for (const [i, v] of (await embeddingsOf({ dtype: 'float16' }, half)).entries())
      expect(v).toBeCloseTo(wanted[i] ?? 0, 1);
  });
  it('and a picture tower alone ranks pictures, while words say what is missing', async () => {
    const model = await ClipModel.open(await folderWith(writeOnnx(tinyTower(table()))));
    expect(await model.info()).toMatchObject({ towers: ['image'], dimension: 4, side: 8 });
    await expect(model.embedTexts(['a cat'])).rejects.toMatchObject({ code: 'MODEL_MISSING' });
  });
  it('and one with no embedding at its end says what to export', async () => {
    const graph = { ...tinyTower(table()), outputs: ['pooled_map'] };
    const first = {
      ...graph,
      nodes: [{ name: 'same', operator: 'Relu', inputs: ['pixels'], outputs: ['pooled_map'], attributes: {} }],
    };
    const model = await ClipModel.open(await folderWith(writeOnnx({ ...first, types: new Map() })));
    await expect(
      model.pixelGradient(
        new Float32Array(192),
        1,
        { count: 1, dimension: 4, data: new Float32Array(4) },
        Float32Array.of(1),
      ),
    ).rejects.toMatchObject({
      code: 'MODEL_BROKEN',
      message: expect.stringContaining('pooling and projection'),
    });
  });
  it('and the tokenizer of another model is told', async () => {
    const folder = join(await temporaryFolder(), 'mixed');
    cpSync(EMBEDDED, folder, { recursive: true });
    const { readFileSync } = await import('node:fs');
    const tokenizer = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')) as {
      added_tokens: { id: number }[];
    };
    for (const t of tokenizer.added_tokens) t.id += 40_000;
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
    await expect((await ClipModel.open(folder)).embedTexts(['a cat'])).rejects.toMatchObject({
      code: 'MODEL_BROKEN',
      message: expect.stringContaining('token'),
    });
  });
});

describe('the files of a model', () => {
  it('are told by their names', () => {
    const of = (paths: readonly string[], variant?: string) => chosenGraphs('somewhere', paths, variant);
    expect(of(['onnx/vision_model.onnx', 'onnx/text_model.onnx', 'onnx/vision_model_q4.onnx'])).toMatchObject({
      vision: 'onnx/vision_model.onnx',
      text: 'onnx/text_model.onnx',
    });
    expect(of(['onnx/vision_model_q4.onnx', 'onnx/text_model.onnx', 'onnx/vision_model.onnx'], 'q4')).toMatchObject({
      vision: 'onnx/vision_model_q4.onnx',
      text: 'onnx/text_model.onnx',
    });
    expect(of(['visual/model.onnx', 'textual/model.onnx'])).toMatchObject({
      vision: 'visual/model.onnx',
      text: 'textual/model.onnx',
    });
    expect(of(['image_encoder.onnx', 'text_encoder.onnx'])).toMatchObject({
      vision: 'image_encoder.onnx',
      text: 'text_encoder.onnx',
    });
    expect(of(['model_fp16.onnx'])).toMatchObject({ combined: 'model_fp16.onnx', variants: ['fp16'] });
    expect(() => of(['model.onnx'], 'q4')).toThrow(/no graphs of the kind "q4"/);
  });
  it('of a combined graph that hands out only logits still give both towers', () => {
    const graph = trace('combined', (t) => {
      const pixels = t.input('pixel_values', [1, 3, 4, 4]);
      const ids = t.input('input_ids', [1, 5], 'int64');
      const image = pixels.mean([2, 3]);
      const text = t.constant([1, 2, 3, 4, 5, 6], [2, 3]).gather(ids).mean(1);
      return { logits_per_image: image.matmulTransposed(text, 'right').mul(14).add(-2) };
    });
    const read = readOnnx({ bytes: writeOnnx(graph), name: 'combined' });
    expect(towerOf(read, 'image').graph.inputs.map((i) => i.name)).toEqual(['pixel_values']);
    expect(towerOf(read, 'text').graph.inputs.map((i) => i.name)).toEqual(['input_ids']);
  });
  it('say how pictures are made ready', () => {
    const p = (json: unknown) => parsePreprocessing(json, 224);
    expect(
      p({ size: { shortest_edge: 30 }, do_center_crop: true, crop_size: 24, image_mean: [0.5, 0.5, 0.5] }),
    ).toMatchObject({ resize: 'shortest-edge', crop: [24, 24], mean: [0.5, 0.5, 0.5], std: [1, 1, 1] });
    expect(
      p({ size: { height: 30, width: 30 }, rescale_offset: true, rescale_factor: 1 / 127.5, do_normalize: false }),
    ).toMatchObject({ resize: 'squash', mean: [1, 1, 1], rescale: 1 / 127.5 });
    expect(
      p({ image_processor_type: 'ConvNextImageProcessor', size: { shortest_edge: 224 }, crop_pct: 0.875 }),
    ).toMatchObject({ resizeTo: [256, 256], crop: [224, 224] });
    expect(
      p({
        size: [64, 64],
        mean: [0, 0, 0],
        std: [1, 1, 1],
        interpolation: 'bilinear',
        resize_mode: 'longest',
        fill_color: 7,
      }),
    ).toMatchObject({ resize: 'longest-edge', interpolation: 'bilinear', fill: 7, centre: 'even' });
    expect(() => p({ size: { longest_edge: 3 } })).toThrow();
  });
  it('say what the logits are, or that they do not', () => {
    expect(parseConfig({ model_type: 'clip', logit_scale_init_value: 2.6592 }).logits).toMatchObject({
      scale: 100,
      source: 'assumed',
    });
    expect(parseConfig({ model_type: 'clip', logit_scale_init_value: 3 }).logits).toMatchObject({
      scale: Math.exp(3),
      source: 'config',
    });
    expect(parseConfig({ model_type: 'siglip' })).toMatchObject({ activation: 'sigmoid', context: 64 });
    expect(
      parseConfig({
        model_cfg: { vision_cfg: { image_size: 256 }, text_cfg: { context_length: 64 }, init_logit_bias: -10 },
      }),
    ).toMatchObject({ family: 'open_clip', imageSize: 256, activation: 'sigmoid', padToken: 0 });
  });
  it('in the folder stay in the folder', async () => {
    const folder = join(await temporaryFolder(), 'linked');
    cpSync(EMBEDDED, folder, { recursive: true });
    const { rmSync } = await import('node:fs');
    rmSync(join(folder, 'tokenizer.json'));
    symlinkSync('/etc/passwd', join(folder, 'tokenizer.json'));
    await expect(openFolder(folder)).rejects.toMatchObject({ code: 'PATH_ESCAPES' });
    await expect(readGraph({ path: folder, graphs: join(folder, 'onnx') }, '../../outside.onnx')).rejects.toMatchObject(
      { code: 'FILE_MISSING' },
    );
  });
});
