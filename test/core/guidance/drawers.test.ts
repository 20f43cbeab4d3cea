import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import * as drawers from '../../../core/guidance/drawers/index.ts';
import { type Drawer, decodePicture, drawingSvg } from '../../../core/index.ts';
import { drawings } from '../../support/drawn-by.ts';
import { drawn } from '../../support/pictures.ts';
import { useEngine } from '../../support/services.ts';
import { strangeModel } from '../../support/with-models.ts';

// What it likes does not matter here: a small one is sooner compiled.
const engine = useEngine({ model: strangeModel() });
const { inpaint, ...plain } = drawers;
const guided = drawings(engine);
const each = Object.entries(plain) as unknown as readonly (readonly [string, Drawer])[];

describe.each(each)('the drawer %s', (_id, drawer) => {
  it('gives the same bytes for the same seed, and others for another', async () => {
    const once = async (seed: number): Promise<Uint8Array> =>
      (await guided(drawer, 'a tree', { seed, steps: 6 })).picture.bytes;
    const [a, b, c] = [await once(1), await once(1), await once(2)];
    expect(Buffer.compare(a, b)).toBe(0);
    expect(Buffer.compare(a, c)).not.toBe(0);
  });
});

describe.each(each.filter(([id]) => ['strokes', 'blobs', 'polygons', 'plotter', 'glyphs', 'blocks'].includes(id)))(
  'the SVG of %s',
  (_id, drawer) => {
    it('shows the same picture, whatever its size', async () => {
      const sizes = { preview: 64, output: 256 };
      const { picture } = await guided(drawer, 'a red mushroom', { sizes, steps: 30 });
      const svg = drawingSvg(drawer, {}, 1, sizes, picture.values) ?? '';
      const raw = (bytes: Uint8Array): Promise<Buffer> => sharp(bytes).removeAlpha().raw().toBuffer();
      const [png, vector] = [await raw(picture.bytes), await raw(Buffer.from(svg))];
      expect(vector.byteLength).toBe(png.byteLength);
      const error = png.reduce((sum, v, i) => sum + Math.abs(v - (vector[i] ?? 0)), 0) / png.byteLength;
      expect(error).toBeLessThan(2);
      const large = await sharp(Buffer.from(svg), { density: 288 }).metadata();
      expect(large.width).toBeGreaterThan(750);
    });
  },
);

describe('pictures of waves and fields', () => {
  it('repeat without a seam when they are tiles', async () => {
    const { picture } = await guided(plain.tiles, 'leaves', {});
    const { data, info } = await sharp(picture.bytes).raw().toBuffer({ resolveWithObject: true });
    const column = (x: number): number[] =>
      Array.from({ length: info.height * 3 }, (_, i) => data[(Math.floor(i / 3) * info.width + x) * 3 + (i % 3)] ?? 0);
    const apart = (a: number, b: number): number =>
      column(a).reduce((sum, v, i) => sum + Math.abs(v - (column(b)[i] ?? 0)), 0);
    const inside = Array.from({ length: 12 }, (_, i) => apart(8 * i, 8 * i + 1));
    expect(apart(info.width - 1, 0)).toBeLessThan(2 * Math.max(...inside));
  });
  it.each(
    [plain.field, plain.strokes, plain.plotter].flatMap((d) =>
      ['mirror', 'kaleidoscope'].map((s) => [d.id, s, d] as const),
    ),
  )('are symmetric when that is asked: %s, %s', async (_id, symmetry, drawer) => {
    const { picture } = await guided(drawer as unknown as Drawer, 'a flower', {
      given: { symmetry, folds: 4 },
      steps: 10,
    });
    const raw = (turn: (s: Sharp) => Sharp): Promise<Buffer> => turn(sharp(picture.bytes)).raw().toBuffer();
    const straight = await raw((s) => s);
    const turned = await raw((s) => (symmetry === 'rotation' || symmetry === 'kaleidoscope' ? s.rotate(90) : s.flop()));
    const most = straight.reduce((highest, v, i) => Math.max(highest, Math.abs(v - (turned[i] ?? 0))), 0);
    expect(most).toBeLessThanOrEqual(2);
  });
});

describe('a painted region', () => {
  it('changes, and everything outside it stays as it was', async () => {
    const picture = await decodePicture(new Uint8Array(await drawn('square', 'blue')), 'square');
    const mask = {
      width: picture.width,
      height: picture.height,
      data: Uint8Array.from(picture.data, (_, i) => (Math.floor(i / 3) % picture.width < picture.width / 2 ? 255 : 0)),
    };
    const sizes = { preview: 64, output: picture.width };
    const { picture: made, scores } = await guided(inpaint, 'a red heart', {
      sizes,
      given: { picture, mask },
    });
    expect(scores.at(-1)).toBeGreaterThan(scores[0] ?? 1);
    const raw = await sharp(made.bytes).raw().toBuffer();
    let [left, right] = [0, 0];
    for (let i = 0; i < raw.length; i++) {
      const apart = Math.abs((raw[i] ?? 0) - (picture.data[i] ?? 0));
      if (Math.floor(i / 3) % picture.width < picture.width / 2 - 1) left = Math.max(left, apart);
      else if (Math.floor(i / 3) % picture.width > picture.width / 2 + 1) right = Math.max(right, apart);
    }
    expect(right).toBeLessThanOrEqual(1);
    expect(left).toBeGreaterThan(30);
  });
});
