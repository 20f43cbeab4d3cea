import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { normalised } from '../../../core/clip/batches.ts';
import { checkFolder, type FileReport } from '../../../core/clip/check.ts';
import { EMBEDDED, openFolder, readGraph } from '../../../core/clip/folder.ts';
import { logitFormOf } from '../../../core/clip/logits.ts';
import { ClipModel } from '../../../core/clip/model.ts';
import { type NamedArray, readSafetensors } from '../../../core/clip/safetensors.ts';
import { createTokenizer } from '../../../core/clip/tokenizer.ts';
import { tokenEmbeddings } from '../../../core/clip/towers.ts';
import { sizeOf } from '../../../core/graph/index.ts';
import { DTYPES } from '../../../core/graph/types.ts';
import { referenceFolder } from '../../support/reference.ts';

/** Relative distance in the 2-norm. */
function distance(actual: Float32Array, wanted: Float32Array): number {
  expect(actual.length).toBe(wanted.length);
  const off = wanted.reduce((sum, w, i) => sum + (w - (actual[i] ?? Number.NaN)) ** 2, 0);
  return Math.sqrt(off / wanted.reduce((sum, w) => sum + w * w, 0));
}
const unitRows = (data: Float32Array, count: number): Float32Array => normalised(data, count).data;

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

const FAMILIES = [
  ['clip-vit', 8],
  ['siglip', 5],
  ['clip-resnet', 2],
  ['align', 2],
  ['chinese-clip', 2],
  ['openclip', 2],
  ['convnext', 1],
  ['efficientnet', 1],
  ['eva', 1],
  ['mobileclip', 1],
  ['swin', 1],
] as const;
/** Graphs whose numbers are coarser by design have tests of their own. */
const COARSE = /_(?:fp16|quantized|q4|qdq)\.onnx$/;

describe.each(FAMILIES)('%s agrees with PyTorch', (family, graphs) => {
  const reports: FileReport[] = [];
  beforeAll(async () => {
    for await (const report of checkFolder(join(referenceFolder(), family), new AbortController().signal))
      if (!COARSE.test(report.file)) reports.push(report);
  });
  it('runs every float32 graph', () => {
    expect(reports.map((r) => r.error)).toEqual(reports.map(() => undefined));
    expect(reports).toHaveLength(graphs);
  });
  it('gives embeddings within 1e-5', () => {
    const errors = reports.flatMap((r) => [r.imageEmbedding, r.textEmbedding]).filter((e) => e !== undefined);
    expect(errors.length).toBeGreaterThanOrEqual(reports.length);
    for (const e of errors) expect(e).toBeLessThan(1e-5);
  });
  it('gives both pixel gradients within 1e-4, at batch 1 and 2', () => {
    const errors = reports.flatMap((r) => [r.cosineGradient, r.greatCircleGradient]).filter((e) => e !== undefined);
    expect(errors.length).toBeGreaterThanOrEqual(2);
    for (const e of errors) expect(e).toBeLessThan(1e-4);
  });
});

const GOLDEN = ['clip-vit', 'siglip', 'clip-resnet', 'openclip', 'efficientnet'];
describe('a batch of five', () => {
  it.each(GOLDEN)('of %s has the gradients of its pictures one by one', async (family) => {
    const path = join(referenceFolder(), family);
    const golden = readSafetensors(readFileSync(join(path, 'golden.safetensors')), 'golden');
    const rowsOf = (name: string, rows: readonly number[]): Float32Array => {
      const { data = [], shape = [1] } = golden.get(name) ?? {};
      const each = data.length / (shape[0] ?? 1);
      return Float32Array.from(rows.flatMap((r) => data.slice(r * each, (r + 1) * each)));
    };
    const rows = [0, 1, 1, 0, 1];
    const texts = rowsOf('text_embeds', [0, 1, 2]);
    const model = await ClipModel.open(path);
    const against = { count: 3, dimension: texts.length / 3, data: texts };
    const found = await model.pixelGradient(rowsOf('pixel_values', rows), 5, against, rowsOf('weights', rows));
    expect(distance(found.gradient, rowsOf('grad_weighted_cosine', rows))).toBeLessThan(1e-4);
    const embedded = await model.embedPixels(rowsOf('pixel_values', rows), 5);
    expect(distance(embedded.data, unitRows(rowsOf('image_embeds', rows), 5))).toBeLessThan(1e-5);
    expect((await model.info()).dimension).toBe(embedded.dimension);
  });
});

describe('quantised weights', () => {
  const golden = (): ReadonlyMap<string, NamedArray> => {
    const path = join(referenceFolder(), 'clip-vit');
    const read = (file: string): ReadonlyMap<string, NamedArray> =>
      readSafetensors(readFileSync(join(path, file)), file);
    return new Map([...read('golden.safetensors'), ...read('dequantised.safetensors')]);
  };
  const floats = (name: string): Float32Array => Float32Array.from(golden().get(name)?.data ?? []);
  const gradientOf = async (variant: string, dequantise: 'once' | 'each-run'): Promise<Float32Array> => {
    const model = await ClipModel.open(join(referenceFolder(), 'clip-vit'), { variant, dequantise });
    const texts = { count: 3, dimension: 24, data: floats('text_embeds') };
    return (await model.pixelGradient(floats('pixel_values'), 2, texts, floats('weights'))).gradient;
  };
  it.each(['quantized', 'q4'])(
    'of the kind %s give the gradient that PyTorch gives for the same weights',
    async (variant) => {
      for (const dequantise of ['once', 'each-run'] as const)
        expect(distance(await gradientOf(variant, dequantise), floats(`${variant}/grad_weighted_cosine`))).toBeLessThan(
          1e-4,
        );
    },
  );
  it('of half precision stay within 2e-2', async () => {
    expect(distance(await gradientOf('fp16', 'once'), floats('grad_weighted_cosine'))).toBeLessThan(2e-2);
  });
  it('and quantised activations point the same way', async () => {
    const [found, wanted] = [await gradientOf('qdq', 'once'), floats('grad_weighted_cosine')];
    const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, v, i) => sum + v * (b[i] ?? 0), 0);
    expect(dot(found, wanted) / Math.sqrt(dot(found, found) * dot(wanted, wanted))).toBeGreaterThan(0.99);
  });
  it.each(['quantized', 'q4', 'fp16'])('of the kind %s embed as the file itself does', async (variant) => {
    const model = await ClipModel.open(join(referenceFolder(), 'clip-vit'), { variant });
    const embedded = await model.embedPixels(floats('pixel_values'), 2);
    const wanted = unitRows(variant === 'fp16' ? floats('image_embeds') : floats(`${variant}/image_embeds`), 2);
    expect(distance(embedded.data, wanted)).toBeLessThan(variant === 'quantized' ? 3e-2 : 3e-3);
  });
});

describe('the logits of a combined graph', () => {
  it.each([
    ['clip-vit', 14.3, 0],
    ['siglip', 10, -3],
  ])('are found in %s', async (family, scale, bias) => {
    const folder = await openFolder(join(referenceFolder(), family));
    const form = logitFormOf(await readGraph(folder, 'model.onnx'));
    expect(form?.scale).toBeCloseTo(scale, 3);
    expect(form?.bias).toBeCloseTo(bias, 5);
  });
  it('give the probabilities that PyTorch gives', async () => {
    for (const family of ['clip-vit', 'siglip']) {
      const path = join(referenceFolder(), family);
      const golden = readSafetensors(readFileSync(join(path, 'golden.safetensors')), 'golden');
      const info = await (await ClipModel.open(path)).info();
      const { probabilities } = await import('../../../core/engine/scores.ts');
      const cosines = golden.get('cosine')?.data ?? [];
      const ours = [0, 3].flatMap((from) => probabilities(cosines.slice(from, from + 3), info));
      for (const [i, p] of (golden.get('probabilities')?.data ?? []).entries()) expect(ours[i]).toBeCloseTo(p, 4);
    }
  });
});

describe('token ids equal the reference for every text', () => {
  const { texts, ids } = json(join(referenceFolder(), 'tokens.json')) as {
    texts: string[];
    ids: { clip: number[][]; small: number[][] };
  };
  const options = { context: 77, pad: undefined, file: 'tokenizer.json' };
  it('with the tokenizer of CLIP', () => {
    const folder = join(referenceFolder(), 'clip-vit-base-patch32');
    const tokenizer = createTokenizer(
      json(join(folder, 'tokenizer.json')),
      json(join(folder, 'tokenizer_config.json')),
      options,
    );
    for (const [i, text] of texts.entries()) expect(tokenizer.ids(text), text.slice(0, 40)).toEqual(ids.clip[i]);
  });
  it('with the small one', () => {
    const tokenizer = createTokenizer(json(join(EMBEDDED, 'tokenizer.json')), {}, options);
    for (const [i, text] of texts.entries()) expect(tokenizer.ids(text), text.slice(0, 40)).toEqual(ids.small[i]);
  });
  it('and a text that is too long keeps its end', () => {
    const tokenizer = createTokenizer(json(join(EMBEDDED, 'tokenizer.json')), {}, { ...options, context: 16 });
    const { ids: cut, used, own } = tokenizer.encode('word '.repeat(40));
    expect([cut.length, used, cut[0], cut.at(-1)]).toEqual([16, 16, 10012, 10013]);
    expect(own).toEqual({ from: 1, to: 15 });
  });
  it('and the words of a text are known from what marks its beginning and its end, where anything does', () => {
    const whole = json(join(EMBEDDED, 'tokenizer.json')) as Record<string, unknown>; // the file's own object
    const wordsOf = (marks: readonly object[]): string[] => {
      const special_tokens = { end: { id: 'end', ids: [10013], tokens: ['<|endoftext|>'] } };
      const post_processor = { type: 'TemplateProcessing', single: marks, pair: marks, special_tokens };
      const tokenizer = createTokenizer({ ...whole, post_processor }, {}, { ...options, context: 16 });
      const { ids, own } = tokenizer.encode('a red fox');
      return ids.slice(own.from, own.to).map(tokenizer.token);
    };
    const [text, end] = [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: 'end', type_id: 0 } }];
    for (const marks of [[text, end], [text], [end, text, end]])
      expect(wordsOf(marks)).toEqual(['a</w>', 'red</w>', 'fox</w>']);
  });
});

describe('the gradient at the token embeddings', () => {
  it('agrees with differences of the embedding in one word', async () => {
    const model = await ClipModel.open(EMBEDDED);
    const against = await model.embedTexts(['a red heart']);
    const found = await model.tokenGradient('a blue flower', against, Float32Array.of(1));
    expect(found.tokens.slice(1, 4)).toEqual(['a</w>', 'blue</w>', 'flower</w>']);
    expect(found.shape).toEqual([16, 192]);
    // The padding after the end of the text is masked by causality: nothing flows there.
    const length = (row: number): number => Math.hypot(...found.gradient.subarray(row * 192, (row + 1) * 192));
    expect(length(2)).toBeGreaterThan(1e-4);
    expect(length(10)).toBeLessThan(1e-7);
    expect(tokenEmbeddings(await model.tower('text'))).not.toBe('');
  });
});

describe('weights stay in the model folder', () => {
  it('and a gradient session refers to them', async () => {
    const { writeOnnx } = await import('../../../core/graph/index.ts');
    const model = await ClipModel.open(EMBEDDED);
    const { graph } = await model.tower('image');
    // Constants of up to 128 KiB are copied, the rest of the weights is not.
    const sizes = [...graph.initialisers.values()].map((c) => sizeOf(c.shape) * DTYPES[c.dtype].bytes);
    const copied = sizes.filter((s) => s < 128 << 10).reduce((a, b) => a + b, 0);
    expect(writeOnnx(graph, { refer: true }).length).toBeLessThan(copied + 500_000);
    const large = [...graph.initialisers.values()].filter((c) => sizeOf(c.shape) * DTYPES[c.dtype].bytes >= 128 << 10);
    expect(large.length).toBeGreaterThan(10);
    expect(large.every((c) => c.bytes === undefined && c.origin?.file === 'vision_model.onnx')).toBe(true);
  });
});
