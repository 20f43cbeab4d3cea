import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkFolder, type FileReport } from '../../../core/clip/check.ts';
import { EMBEDDED, openFolder, readGraph } from '../../../core/clip/folder.ts';
import { logitFormOf } from '../../../core/clip/logits.ts';
import { ClipModel } from '../../../core/clip/model.ts';
import { readSafetensors } from '../../../core/clip/safetensors.ts';
import { createTokenizer } from '../../../core/clip/tokenizer.ts';
import { tokenEmbeddings } from '../../../core/clip/towers.ts';
import { referenceFolder } from '../../support/reference.ts';

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

describe.each(['clip-vit', 'siglip', 'clip-resnet'])('%s agrees with PyTorch', (family) => {
  const reports: FileReport[] = [];
  beforeAll(async () => {
    for await (const report of checkFolder(join(referenceFolder(), family), new AbortController().signal))
      reports.push(report);
  });
  it('runs every float32 graph', () => {
    expect(reports.map((r) => r.error)).toEqual(reports.map(() => undefined));
    expect(reports.length).toBeGreaterThanOrEqual(5);
  });
  it('gives embeddings within 1e-5', () => {
    const errors = reports.flatMap((r) => [r.imageEmbedding, r.textEmbedding]).filter((e) => e !== undefined);
    expect(errors.length).toBeGreaterThanOrEqual(reports.length);
    for (const e of errors) expect(e).toBeLessThan(1e-5);
  });
  it('gives both pixel gradients within 1e-4, at batch 1 and 2', () => {
    const errors = reports.flatMap((r) => [r.cosineGradient, r.greatCircleGradient]).filter((e) => e !== undefined);
    expect(errors.length).toBeGreaterThanOrEqual(6);
    for (const e of errors) expect(e).toBeLessThan(1e-4);
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
    const { ids: cut, used } = tokenizer.encode('word '.repeat(40));
    expect([cut.length, used, cut[0], cut.at(-1)]).toEqual([16, 16, 10012, 10013]);
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
    expect(writeOnnx(graph, { refer: true }).length).toBeLessThan(100_000);
    expect(
      [...graph.initialisers.values()]
        .filter((i) => (i.bytes?.length ?? 0) > 1024)
        .every((i) => i.origin?.file === 'vision_model.onnx'),
    ).toBe(true);
  });
});
