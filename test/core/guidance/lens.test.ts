/**
 * What guidance shows a model is what the model was made for: the gradient at the canvas, through crops, scale and normalisation, is the one at the model's
 * own pixels (which `reference.test.ts` compares with PyTorch) times how much a pixel of the canvas moves it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gradients } from '../../../core/autodiff/sweep.ts';
import { ClipModel } from '../../../core/clip/model.ts';
import { readSafetensors } from '../../../core/clip/safetensors.ts';
import { cosines } from '../../../core/clip/similarity.ts';
import { callTower } from '../../../core/clip/towers.ts';
import { compile, trace } from '../../../core/graph/index.ts';
import { float32, floatsOf } from '../../../core/graph/session.ts';
import { seen } from '../../../core/guidance/lens.ts';
import { seeded } from '../../../core/random.ts';
import { referenceFolder } from '../../support/reference.ts';

const FAMILIES = [
  'clip-vit',
  'siglip',
  'clip-resnet',
  'align',
  'chinese-clip',
  'efficientnet',
  'convnext',
  'eva',
  'swin',
];

describe('the gradient of the guided picture', () => {
  it.each(FAMILIES)('is that of the pixels that %s sees, in the canvas own scale', async (family) => {
    const path = join(referenceFolder(), family);
    const golden = readSafetensors(readFileSync(join(path, 'golden.safetensors')), 'golden');
    const texts = golden.get('text_embeds');
    const model = await ClipModel.open(path);
    const [side, tower] = [await model.side(), await model.tower('image')];
    const { preprocessing } = model.folder;
    const [rows = 1, dimension = 1] = texts?.shape ?? [];
    const against = { count: rows, dimension, data: Float32Array.from(texts?.data ?? []) };
    const weights = Float32Array.from({ length: rows }, (_, i) => 1 - 0.4 * i);
    const random = seeded(5);
    const area = side * side;
    const picture = Float32Array.from({ length: 3 * area }, () => 0.2 + 0.6 * random());
    const of = (values: readonly number[], i: number): number => values[Math.floor(i / area) % 3] ?? 0;
    const pixels = picture.map(
      (v, i) => (255 * v * preprocessing.rescale - of(preprocessing.mean, i)) / of(preprocessing.std, i),
    );
    const wanted = await model.pixelGradient(pixels, 1, against, weights);
    const lens = { tower, preprocessing, side, dimension, weight: 1 };
    const graph = trace('the guided picture', (t) => {
      const canvas = t.input('canvas', [1, 4, side, side]);
      const shown = seen(t, canvas, lens, '', { crops: 1, canvas: { height: side, width: side }, turns: false });
      const all = cosines(callTower(t, tower, shown).embedding, t.constant([...against.data], [rows, dimension]));
      const value = all.mul(t.constant([...weights], [1, rows])).sum();
      return { value, g: gradients(value, [canvas])[0] ?? canvas };
    });
    const identity = Float32Array.from({ length: area }, (_, i) => (i % (side + 1) === 0 ? 1 : 0));
    const session = await compile(graph, model.compileOptions);
    const out = await session.run({
      canvas: float32(Float32Array.from([...picture, ...new Float32Array(area).fill(1)]), [1, 4, side, side]),
      masks: float32(new Float32Array(area).fill(1), [1, 1, side, side]),
      rows: float32(identity, [1, 1, side, side]),
      columns: float32(identity, [1, 1, side, side]),
      backdrop: float32(new Float32Array(3 * area), [1, 3, side, side]),
      contrast: float32(Float32Array.of(1), [1, 1, 1, 1]),
      brightness: float32(Float32Array.of(1, 1, 1), [1, 3, 1, 1]),
      noise: float32(new Float32Array(3 * area), [1, 3, side, side]),
    });
    await session.release();
    expect(floatsOf(out['value'])[0]).toBeCloseTo(wanted.value, 4);
    const found = floatsOf(out['g']).subarray(0, 3 * area);
    const expected = wanted.gradient.map((g, i) => (g * 255 * preprocessing.rescale) / of(preprocessing.std, i));
    const length = Math.hypot(...expected);
    expect(length).toBeGreaterThan(0);
    expect(Math.hypot(...found.map((v, i) => v - (expected[i] ?? 0))) / length).toBeLessThan(1e-4);
  });
});
