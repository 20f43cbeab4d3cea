/**
 * Where a score comes from, by gradients: the picture is looked at as a whole and in overlapping parts; in each, squared gradients of the pixels
 * are weighed by the tower's own map (attention relevance or activations), and parts count by how well they fit. One look at the whole alone
 * spreads over everything that a small model sees at once.
 */
import type { Crop, Heat, PluginContext } from '../../core/index.ts';
import { meanDirection, stacked } from '../../core/index.ts';
import type { Square, Wanted } from './scores.ts';

const MAP = 96;
/** Cells to each side that are averaged. */
const REACH = 3;
/** Sizes of the parts, and how many there are along a side. */
const PARTS = [
  { size: 0.7, along: 2 },
  { size: 0.5, along: 3 },
];
/** How much more a part counts that fits better by one standard deviation, as a power of e. */
const FIRMNESS = 2;

const WHOLE: Crop = { left: 0, top: 0, right: 1, bottom: 1 };
const VIEWS: readonly Crop[] = [
  WHOLE,
  ...PARTS.flatMap(({ size, along }) =>
    Array.from({ length: along * along }, (_, i): Crop => {
      const at = (k: number): number => (k * (1 - size)) / (along - 1);
      const [left, top] = [at(i % along), at(Math.floor(i / along))];
      return { left, top, right: Math.min(1, left + size), bottom: Math.min(1, top + size) };
    }),
  ),
];

/** How much each view counts, by what it scores. */
function importances(values: readonly number[]): number[] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const spread = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length) || 1;
  return values.map((v) => Math.exp((FIRMNESS * (v - mean)) / spread));
}

export async function gradientHeat(
  square: Square,
  { targets, weights }: Wanted,
  { engine, signal }: PluginContext,
): Promise<Heat> {
  // Beside what any caption scores, so that what every caption sees does not count.
  const against = stacked([targets, meanDirection(await engine.captions({ signal }))]);
  const total = weights.reduce((a, b) => a + b, 0);
  const row = [...weights, -total];
  const views = VIEWS.map((crop) => ({ bytes: square.bytes, name: 'a view', crop }));
  const all = Float32Array.from(views.flatMap(() => row));
  const { gradient, cosines, side } = await engine.pixelGradient(views, against, all, { signal, eye: 'clean' });
  const maps = await Promise.all(
    views.map((view) => engine.saliency(view, against, Float32Array.from(row), { signal })),
  );
  const values = views.map((_, v) => row.reduce((sum, w, k) => sum + w * (cosines[v * row.length + k] ?? 0), 0));
  const counts = importances(values);
  const area = side * side;
  const data = new Float32Array(MAP * MAP);
  for (const [v, view] of VIEWS.entries()) {
    const map = maps[v];
    if (!map) continue;
    const own = Float32Array.from({ length: area }, (_, p) => {
      const power = [0, 1, 2].reduce((sum, c) => sum + (gradient[(3 * v + c) * area + p] ?? 0) ** 2, 0);
      const [y, x] = [
        Math.floor((Math.floor(p / side) * map.rows) / side),
        Math.floor(((p % side) * map.columns) / side),
      ];
      return power * (map.heat[y * map.columns + x] ?? 0);
    });
    const sum = own.reduce((a, b) => a + b, 0) || 1;
    const size = view.right - view.left;
    const weight = (counts[v] ?? 0) / (sum * size * size);
    lay(data, own, { view, side, weight });
  }
  return { rows: MAP, columns: MAP, data: smoothed(data) };
}

/** Gradients stand on edges; what they surround belongs to them: three means of neighbours, which is nearly a Gaussian. */
function smoothed(data: Float32Array): Float32Array {
  let now = data;
  for (let round = 0; round < 3; round++) for (const step of [1, MAP]) now = averaged(now, step);
  return now;
}

/** Each place as the mean of those within `REACH` of it along an axis; `step` leads from one to the next. */
function averaged(data: Float32Array, step: number): Float32Array {
  return data.map((_, at) => {
    const place = step === 1 ? at % MAP : Math.floor(at / MAP);
    let [sum, count] = [0, 0];
    for (let k = -REACH; k <= REACH; k++) {
      if (place + k < 0 || place + k >= MAP) continue;
      sum += data[at + k * step] ?? 0;
      count += 1;
    }
    return sum / count;
  });
}

/** Adds the map of one view to the whole. */
function lay(
  data: Float32Array,
  own: Float32Array,
  { view, side, weight }: { readonly view: Crop; readonly side: number; readonly weight: number },
): void {
  for (let at = 0; at < data.length; at++) {
    const x = (((at % MAP) + 0.5) / MAP - view.left) / (view.right - view.left);
    const y = ((Math.floor(at / MAP) + 0.5) / MAP - view.top) / (view.bottom - view.top);
    if (x < 0 || y < 0 || x >= 1 || y >= 1) continue;
    data[at] = (data[at] ?? 0) + weight * (own[Math.floor(y * side) * side + Math.floor(x * side)] ?? 0);
  }
}
