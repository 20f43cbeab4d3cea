import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ACROSS_WASM } from '../../../core/clip/across.ts';
import { framedSide, type Preprocessing, parsePreprocessing } from '../../../core/clip/config.ts';
import { decodePicture } from '../../../core/clip/picture.ts';
import { pixelValues } from '../../../core/clip/preprocess.ts';
import { resamplingMatrix, resamplingTaps, resize } from '../../../core/clip/resample.ts';
import { readSafetensors } from '../../../core/clip/safetensors.ts';
import { seeded } from '../../../core/random.ts';
import { referenceFolder } from '../../support/reference.ts';

const clip = {
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
  do_center_crop: true,
  resample: 3,
};
const processors: Record<string, Preprocessing> = {
  clip32: parsePreprocessing({ ...clip, size: { shortest_edge: 32 }, crop_size: { height: 32, width: 32 } }, 32),
  clip224: parsePreprocessing({ ...clip, size: { shortest_edge: 224 }, crop_size: { height: 224, width: 224 } }, 224),
  siglip40: parsePreprocessing(
    {
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.5, 0.5, 0.5],
      size: { height: 40, width: 40 },
      do_center_crop: false,
      resample: 2,
    },
    40,
  ),
};

describe('preprocessing is within one 8-bit step of Pillow at every pixel (two after JPEG)', () => {
  const folder = join(referenceFolder(), 'preprocessing');
  const golden = readSafetensors(readFileSync(join(folder, 'golden.safetensors')), 'golden');
  it.each([...golden.keys()])('%s', async (key) => {
    const [processor = '', file = ''] = key.split('/');
    const p = processors[processor] as Preprocessing;
    const ours = pixelValues(await decodePicture(join(folder, file), file), p, framedSide(p));
    const theirs = golden.get(key)?.data ?? [];
    expect(ours.length).toBe(theirs.length);
    const area = ours.length / 3;
    const steps = theirs.map((v, i) => Math.abs((ours[i] ?? 0) - v) * (p.std[Math.floor(i / area)] ?? 1) * 255);
    expect(steps.reduce((a, b) => Math.max(a, b), 0)).toBeLessThanOrEqual(file.endsWith('.jpg') ? 2.01 : 1.01);
  });
});

describe('resampling coefficients', () => {
  it('sum to one for every size and filter', () => {
    for (const filter of ['box', 'bilinear', 'bicubic', 'lanczos'] as const) {
      for (const [from, to] of [
        [1, 7],
        [301, 32],
        [9, 48],
        [224, 224],
      ] as const) {
        for (const { weights } of resamplingTaps(from, to, filter))
          expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
      }
    }
  });
  it('are the identity at the same size', () => {
    expect([...resamplingMatrix(4, 4, 'bicubic')]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  });
});

describe('pictures that cannot be read', () => {
  it.each([
    ['text', new TextEncoder().encode('not a picture')],
    ['nothing', new Uint8Array()],
    ['a PNG cut short', readFileSync(join(referenceFolder(), 'preprocessing', 'large.png')).subarray(0, 20_000)],
  ])('%s', async (_what, bytes) => {
    await expect(decodePicture(bytes, 'the picture')).rejects.toMatchObject({
      code: 'PICTURE_UNREADABLE',
      message: expect.stringContaining('the picture'),
    });
  });
});

describe('the kernel in WebAssembly', () => {
  it('is what its source says', async () => {
    const { default: wabt } = await import('wabt');
    const source = await readFile(new URL('../../../core/clip/across.wat', import.meta.url), 'utf8');
    const module = (await wabt()).parseWat('across.wat', source, { simd: true });
    module.validate();
    expect(Buffer.from(module.toBinary({}).buffer).toString('base64')).toBe(ACROSS_WASM);
  });
  it('gives what the formula gives, for rows of every width and more than one part', () => {
    const random = seeded(4);
    for (const [width, height, to] of [
      [1, 3, 5],
      [7, 2, 3],
      [640, 5, 48],
      [3000, 700, 17],
      [50, 4, 333],
    ] as const) {
      const data = Uint8Array.from({ length: 3 * width * height }, () => 256 * random());
      const seen = resize({ width, height, data }, to, height, 'bicubic').data;
      const taps = resamplingTaps(width, to, 'bicubic');
      for (let i = 0; i < seen.length; i += 7) {
        const [row, column, channel] = [Math.floor(i / (3 * to)), Math.floor(i / 3) % to, i % 3];
        const { first, weights } = taps[column] ?? { first: 0, weights: [] };
        const exact = weights.reduce((sum, w, k) => sum + w * (data[(row * width + first + k) * 3 + channel] ?? 0), 0);
        expect(Math.abs((seen[i] ?? 0) - Math.min(255, Math.max(0, exact)))).toBeLessThanOrEqual(0.51);
      }
    }
  });
});

describe('preprocessing of odd sizes', () => {
  /** White of so many pixels, as it stands in a square of 224 whose rest is black: the first white row and how many there are. */
  const rows = (width: number, height: number, more: object): [number, number] => {
    const p = parsePreprocessing({ mean: [0, 0, 0], std: [1, 1, 1], size: 224, ...more }, 224);
    const picture = { width, height, data: new Uint8Array(3 * width * height).fill(255) };
    const values = pixelValues(picture, p, 224);
    const white = Array.from({ length: 224 }, (_, y) => y).filter((y) => (values[y * 224 + 112] ?? 0) > 0.99);
    return [white[0] ?? -1, white.length];
  };
  it('fills up less above than below, and rounds halves to even, as open_clip does', () => {
    expect(rows(224, 221, { resize_mode: 'longest' })).toEqual([1, 221]);
    expect(rows(448, 225, { resize_mode: 'longest' })).toEqual([56, 112]);
    expect(rows(448, 227, { resize_mode: 'longest' })).toEqual([55, 114]);
  });
  it('that leaves another size than the tower takes is refused, never squeezed in', () => {
    const p = parsePreprocessing({ size: { shortest_edge: 4 }, do_center_crop: false }, 4);
    const picture = { width: 8, height: 4, data: new Uint8Array(3 * 32) };
    expect(() => pixelValues(picture, p, 4)).toThrowError(
      expect.objectContaining({ code: 'MODEL_BROKEN', message: expect.stringContaining('8 x 4 pixels') }),
    );
  });
});
