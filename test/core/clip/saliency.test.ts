import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ClipModel } from '../../../core/clip/model.ts';
import { saliencyPlan } from '../../../core/clip/saliency.ts';
import { EMBEDDED } from '../../../core/index.ts';
import { referenceFolder } from '../../support/reference.ts';

const families = ['clip-vit', 'clip-resnet', 'siglip', 'convnext', 'swin', 'eva'];

describe('where a score comes from', () => {
  it.each(families)('can be told of %s: a map that is finite, not negative and not all the same', async (family) => {
    const model = await ClipModel.open(join(referenceFolder(), family), { threads: 2 });
    const side = await model.side();
    const pixels = Float32Array.from({ length: 3 * side * side }, (_, i) => Math.sin(i * 0.37) * Math.cos(i * 0.011));
    const { dimension, data } = await model.embedPixels(pixels, 1);
    const against = { count: 1, dimension, data };
    const { heat, rows, columns, value } = await model.saliency(pixels, against, Float32Array.of(1));
    expect(value).toBeCloseTo(1, 3);
    expect(heat).toHaveLength(rows * columns);
    expect(heat.every((v) => Number.isFinite(v) && v >= 0)).toBe(true);
    expect(Math.max(...heat)).toBeGreaterThan(Math.min(...heat));
  });
  it('is read from attention in transformers, and from activations in convolutional towers', async () => {
    const kindOf = async (folder: string): Promise<string | undefined> => {
      const model = await ClipModel.open(folder, { threads: 2 });
      return saliencyPlan(await model.tower('image'), await model.side()).kind;
    };
    expect(await kindOf(join(referenceFolder(), 'clip-vit'))).toBe('attention');
    expect(await kindOf(join(referenceFolder(), 'clip-resnet'))).toBe('activations');
    expect(await kindOf(EMBEDDED)).toBe('activations');
  });
});
