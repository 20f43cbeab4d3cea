/** Filled shapes with smooth outlines: a radius around a centre, waved by a few harmonics; drawn in SVG as closed Bezier curves. */
import { z } from 'zod';
import type { Tensor } from '../../graph/index.ts';
import { gaussian } from '../../random.ts';
import { defineDrawer } from '../drawer.ts';
import { placedPoints } from '../plane.ts';
import { point, type SvgShape } from '../svg.ts';
import { NONE, named, pixelPlaces, softness } from './layers.ts';
import { filled, finishOf, settled, shapeParameters } from './shape-parameters.ts';

const EPSILON = 1e-6;
/** Bezier curves in an outline. */
const ARCS = 36;

const blobsSettings = z.object({
  shapes: z.int().min(1).max(256).default(40).meta({ title: 'Shapes', description: 'How many shapes there are' }),
  waves: z.int().min(1).max(8).default(4).meta({ title: 'Waves', description: 'How freely an outline may bend' }),
});

/** Radius at an angle: size * exp(sum of a_k cos(k angle) + b_k sin(k angle)). */
const radiusAt = (size: number, wave: ArrayLike<number>, angle: number): number => {
  let sum = 0;
  for (let k = 0; k < wave.length / 2; k++)
    sum += (wave[2 * k] ?? 0) * Math.cos((k + 1) * angle) + (wave[2 * k + 1] ?? 0) * Math.sin((k + 1) * angle);
  return size * Math.exp(sum);
};

/** A closed outline through points, as cubic Bezier curves with Catmull and Rom's tangents (1974). */
function smoothPath(at: (i: number) => readonly [number, number]): string {
  const arcs = Array.from({ length: ARCS }, (_, i) => {
    const [before, a, b, after] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    const first = point(a[0] + (b[0] - before[0]) / 6, a[1] + (b[1] - before[1]) / 6);
    const second = point(b[0] - (after[0] - a[0]) / 6, b[1] - (after[1] - a[1]) / 6);
    return `C${first} ${second} ${point(b[0], b[1])}`;
  });
  return `M${point(...at(0))} ${arcs.join(' ')}Z`;
}

export const blobs = defineDrawer({
  id: 'blobs',
  title: 'Soft shapes',
  description: 'soft shapes',
  settings: blobsSettings,
  shared: { count: 'shapes' },
  scene: {},
  canvas: 48,
  paper: [0.98, 0.97, 0.94],
  begin({ shapes: count, waves }, random, plane) {
    return {
      layers: count,
      rows: { count, places: 'centre', presence: 'opacity', ink: 'ink' },
      parameters: [
        ...shapeParameters(count, random, plane),
        {
          name: 'size',
          shape: [count, 1],
          start: Float32Array.from({ length: count }, () => Math.log(0.04 + 0.09 * random())),
          rate: 0.05,
          low: Math.log(0.008),
          high: Math.log(0.6),
        },
        {
          name: 'wave',
          shape: [count, waves, 2],
          start: Float32Array.from({ length: count * waves * 2 }, () => 0.08 * gaussian(random)),
          rate: 0.03,
          low: -0.8,
          high: 0.8,
        },
      ],
      draw(values, context) {
        const { height, width } = context;
        const { x, y } = pixelPlaces(context);
        const centre = named(values, 'centre');
        const [dx, dy] = [x.sub(centre.slice(1, 0, 1)), y.sub(centre.slice(1, 1, 2))];
        const away = dx.square().add(dy.square()).add(EPSILON).sqrt();
        const [cosine, sine] = [dx.div(away), dy.div(away)];
        const wave = named(values, 'wave');
        const factor = (k: number, part: number): Tensor =>
          wave
            .slice(1, k, k + 1)
            .slice(2, part, part + 1)
            .reshape([count, 1]);
        // Cosines and sines of k times the angle, each from the one before: no angle is ever needed.
        let [c, s]: [Tensor, Tensor] = [cosine, sine];
        let bend = factor(0, 0).mul(c).add(factor(0, 1).mul(s));
        for (let k = 1; k < waves; k++) {
          [c, s] = [c.mul(cosine).sub(s.mul(sine)), s.mul(cosine).add(c.mul(sine))];
          bend = bend.add(factor(k, 0).mul(c)).add(factor(k, 1).mul(s));
        }
        const radius = bend.add(named(values, 'size')).exp();
        const inside = radius.sub(away).div(softness(context));
        return filled(inside.reshape([count, height * width]), values, context);
      },
      placed: ({ centre = NONE, size = NONE, opacity = NONE, ...rest }, to) => ({
        ...rest,
        centre: placedPoints(centre, to),
        size: size.map((s) => s + Math.log(to.scale)),
        opacity: settled(opacity),
      }),
      shapes(values, progress) {
        const { centre, size, wave } = values;
        return Array.from({ length: count }, (_, i): SvgShape => {
          const own = wave?.subarray(2 * waves * i, 2 * waves * (i + 1)) ?? [];
          const path = smoothPath((k) => {
            const angle = (2 * Math.PI * k) / ARCS;
            const r = radiusAt(Math.exp(size?.[i] ?? 0), own, angle);
            return [(centre?.[2 * i] ?? 0) + r * Math.cos(angle), (centre?.[2 * i + 1] ?? 0) + r * Math.sin(angle)];
          });
          return { path, ...finishOf(values, i, progress) };
        }).reverse();
      },
    };
  },
});
