/** Flat polygons: each is what lies within all of its sides, so it is convex however its sides move. */
import { z } from 'zod';
import { defineDrawer } from '../drawer.ts';
import { placedPoints } from '../plane.ts';
import { point, type SvgShape } from '../svg.ts';
import { NONE, named, pixelPlaces, softness } from './layers.ts';
import { filled, finishOf, settled, shapeParameters } from './shape-parameters.ts';

const NARROWEST = 0.005;
/** Far outside of every plane, where a polygon's sides are cut from. */
const FAR = 8;

const polygonsSettings = z.object({
  polygons: z.int().min(1).max(256).default(50).meta({ title: 'Polygons', description: 'How many polygons there are' }),
  corners: z.int().min(3).max(8).default(4).meta({ title: 'Corners', description: 'Sides that a polygon may have' }),
});

interface Point {
  readonly x: number;
  readonly y: number;
}
/** What of a polygon lies on the near side of a line through its corners' plane (Sutherland and Hodgman, 1974). */
function cut(polygon: readonly Point[], depth: (p: Point) => number): Point[] {
  return polygon.flatMap((a, i) => {
    const b = polygon[(i + 1) % polygon.length] ?? a;
    const [inA, inB] = [depth(a), depth(b)];
    const share = inA / (inA - inB);
    const crossing = { x: a.x + share * (b.x - a.x), y: a.y + share * (b.y - a.y) };
    return [...(inA >= 0 ? [a] : []), ...(inA >= 0 !== inB >= 0 ? [crossing] : [])];
  });
}

export const polygons = defineDrawer({
  id: 'polygons',
  title: 'Polygons',
  description: 'polygons',
  settings: polygonsSettings,
  shared: { count: 'polygons' },
  scene: {},
  canvas: 48,
  paper: [0.98, 0.97, 0.94],
  begin({ polygons: count, corners }, random, plane) {
    const turns = Array.from({ length: count * corners }, (_, i) => (2 * Math.PI * (i % corners)) / corners);
    const turned = Array.from({ length: count }, () => 2 * Math.PI * random());
    return {
      layers: count,
      rows: { count, places: 'centre', presence: 'opacity', ink: 'ink' },
      parameters: [
        ...shapeParameters(count, random, plane),
        {
          name: 'turn',
          shape: [count, corners, 1],
          start: Float32Array.from(turns, (turn, i) => turn + (turned[Math.floor(i / corners)] ?? 0)),
          rate: 0.03,
          low: -20,
          high: 20,
        },
        {
          name: 'reach',
          shape: [count, corners, 1],
          start: Float32Array.from(turns, () => 0.05 + 0.09 * random()),
          rate: 0.008,
          low: NARROWEST,
          high: 1,
        },
      ],
      draw(values, context) {
        const { height, width } = context;
        const { x, y } = pixelPlaces(context);
        const [turn, reach, centre] = [named(values, 'turn'), named(values, 'reach'), named(values, 'centre')];
        const [across, down] = [turn.cos(), turn.sin()];
        const middle = across.mul(centre.slice(1, 0, 1).unsqueeze(1)).add(down.mul(centre.slice(1, 1, 2).unsqueeze(1)));
        // How far inside each side a pixel lies: [count, corners, pixels]
        const inside = reach
          .add(middle)
          .sub(across.mul(x.unsqueeze(0)))
          .sub(down.mul(y.unsqueeze(0)));
        const deepest = inside.reduce('ReduceMin', [1]).div(softness(context));
        return filled(deepest.reshape([count, height * width]), values, context);
      },
      placed: ({ centre = NONE, reach = NONE, opacity = NONE, ...rest }, to) => ({
        ...rest,
        centre: placedPoints(centre, to),
        reach: reach.map((r) => Math.max(NARROWEST, to.scale * r)),
        opacity: settled(opacity),
      }),
      shapes(values, progress) {
        const { turn, reach, centre } = values;
        return Array.from({ length: count }, (_, i): SvgShape => {
          const [cx, cy] = [centre?.[2 * i] ?? 0, centre?.[2 * i + 1] ?? 0];
          let polygon: Point[] = [
            { x: -FAR, y: -FAR },
            { x: FAR, y: -FAR },
            { x: FAR, y: FAR },
            { x: -FAR, y: FAR },
          ];
          for (let side = 0; side < corners; side++) {
            const angle = turn?.[i * corners + side] ?? 0;
            const limit = reach?.[i * corners + side] ?? 0;
            polygon = cut(polygon, (p) => limit - (p.x - cx) * Math.cos(angle) - (p.y - cy) * Math.sin(angle));
          }
          const path = polygon.length === 0 ? 'M0 0' : `M${polygon.map((p) => point(p.x, p.y)).join(' L')}Z`;
          return { path, ...finishOf(values, i, progress) };
        }).reverse();
      },
    };
  },
});
