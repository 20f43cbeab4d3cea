import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { compile, trace } from '../../../core/graph/index.ts';
import { float32, floatsOf } from '../../../core/graph/session.ts';
import { awakeAfter, Growth, renewalSteps } from '../../../core/guidance/growth.ts';
import { turned } from '../../../core/guidance/turn.ts';
import { blobs, guidanceSettingsSchema, readyDrawer } from '../../../core/index.ts';
import { seeded } from '../../../core/random.ts';

const sizes = { preview: 64, output: 96 };
const s = guidanceSettingsSchema.parse({ steps: 100, renewals: 4, awake: 0.25, tidy: 0.02 });

describe('shapes that come over the run', () => {
  it('are few at first and all there after the last renewal', () => {
    expect(renewalSteps(s)).toEqual([14, 28, 42, 56]);
    expect([0, 14, 55, 56, 100].map((step) => awakeAfter(step, 40, s))).toEqual([10, 18, 33, 40, 40]);
  });
  it('are put where a change of colour helps most, in the colour that helps', () => {
    const drawer = readyDrawer(blobs, { shapes: 8 }, 1, sizes);
    if (!drawer.shapes) throw new Error('blobs have shapes');
    const growth = new Growth(drawer, drawer.shapes, { ...s, awake: 0.5, renewals: 1 });
    const state = growth.begin(
      new Map(
        drawer.parameters.flatMap((p) => [
          [p.name, float32(p.start, p.shape)] as const,
          [`${p.name}.first`, float32(new Float32Array(p.start.length).fill(1), p.shape)] as const,
        ]),
      ),
    );
    const presence = floatsOf(state.get('opacity'));
    expect([...presence.subarray(0, 4)]).toEqual([-5, -5, -5, -5]);
    // One bright spot at the upper left, where more red would help.
    const blame = new Float32Array(3 * 100);
    blame[12] = -1;
    const next = growth.renewed(35, state, blame, { height: 10, width: 10 }, seeded(1));
    for (let row = 0; row < 4; row++) {
      expect([...floatsOf(next.get('centre')).subarray(2 * row, 2 * row + 2)].map((v) => v.toFixed(3))).toEqual([
        '0.250',
        '0.150',
      ]);
      expect(floatsOf(next.get('ink'))[3 * row]).toBeGreaterThan(1);
      expect(floatsOf(next.get('opacity'))[row]).toBeGreaterThan(-1);
      expect(floatsOf(next.get('opacity.first'))[row]).toBe(0);
    }
    expect(floatsOf(next.get('centre')).subarray(8)).toEqual(floatsOf(state.get('centre')).subarray(8));
  });
});

describe('a crop that is turned', () => {
  it('is the picture turned about its middle', async () => {
    const side = 33;
    const session = await compile(
      trace('turn', (t) => ({ out: turned(t.input('x', [1, 1, side, side]), t.input('angle', [1, 1, 1, 1])) })),
    );
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}"><rect width="${side}" height="${side}"/><circle cx="24.5" cy="16.5" r="4" fill="white"/></svg>`;
    const raw = await sharp(Buffer.from(svg)).greyscale().raw().toBuffer();
    const middle = async (degrees: number): Promise<[number, number]> => {
      const angle = float32(Float32Array.of((degrees * Math.PI) / 180), [1, 1, 1, 1]);
      const { out } = await session.run({ x: float32(Float32Array.from(raw), [1, 1, side, side]), angle });
      const values = floatsOf(out);
      const total = values.reduce((a, b) => a + b, 0);
      const at = (axis: (i: number) => number): number =>
        values.reduce((sum, v, i) => sum + v * (axis(i) + 0.5), 0) / total - side / 2;
      return [at((i) => i % side), at((i) => Math.floor(i / side))];
    };
    for (const degrees of [0, 20, -35, 45]) {
      const [x, y] = await middle(degrees);
      expect(Math.hypot(x, y)).toBeCloseTo(8, 0);
      expect(Math.abs((Math.atan2(y, x) * 180) / Math.PI)).toBeCloseTo(Math.abs(degrees), 0);
    }
    const [there, back] = [await middle(30), await middle(-30)];
    expect(there[1]).toBeCloseTo(-back[1], 1);
  });
});
