/** Crops of several sizes, what each scores, and what is kept of them. */
import type { Box, Crop, Heat, PluginContext } from '../../core/index.ts';
import { cosineTable, PHOTO_TEMPLATES } from '../../core/index.ts';

export const MAP = 64;

export interface Scored {
  readonly crop: Crop;
  /** For each phrase. */
  readonly cosines: readonly number[];
  readonly percentiles: readonly number[];
}

/** Square crops of several sizes, each overlapping the next by more than half; the whole comes first. */
export function pyramid(levels: number): Crop[] {
  const all: Crop[] = [{ left: 0, top: 0, right: 1, bottom: 1 }];
  for (let level = 1; level < levels; level++) {
    const size = 0.72 ** (level + 0.5);
    const steps = Math.max(2, Math.ceil((1 - size) / (size * 0.34)) + 1);
    for (let y = 0; y < steps; y++)
      for (let x = 0; x < steps; x++) {
        const at = (i: number): number => (i * (1 - size)) / (steps - 1);
        all.push({ left: at(x), top: at(y), right: Math.min(1, at(x) + size), bottom: Math.min(1, at(y) + size) });
      }
  }
  return all;
}

/** What two boxes share, of the smaller one: a box within another is the same thing. */
function overlap(a: Box, b: Box): number {
  const [w, h] = [
    Math.min(a.right, b.right) - Math.max(a.left, b.left),
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top),
  ];
  const both = Math.max(0, w) * Math.max(0, h);
  const area = (c: Box): number => (c.right - c.left) * (c.bottom - c.top);
  return both / (Math.min(area(a), area(b)) || 1);
}

/** The best boxes that hardly overlap (non-maximum suppression). */
export function best<T extends Box>(boxes: readonly (T & { readonly value: number })[], limit: number): T[] {
  const kept: T[] = [];
  for (const box of boxes.toSorted((a, b) => b.value - a.value))
    if (kept.every((k) => overlap(k, box) < limit)) kept.push(box);
  return kept;
}

/** Mean of how each crop over a place stands, what is usual taken away: where a thing is. */
export function heatOf(scored: readonly Scored[], phrase: number): Heat {
  const [sums, counts] = [new Float32Array(MAP * MAP), new Float32Array(MAP * MAP)];
  for (const { crop, cosines } of scored) {
    const area = (crop.right - crop.left) * (crop.bottom - crop.top);
    // Small crops say more precisely where.
    const weight = 1 / area;
    for (let y = Math.floor(crop.top * MAP); y < crop.bottom * MAP; y++)
      for (let x = Math.floor(crop.left * MAP); x < crop.right * MAP; x++) {
        sums[y * MAP + x] = (sums[y * MAP + x] ?? 0) + weight * (cosines[phrase] ?? 0);
        counts[y * MAP + x] = (counts[y * MAP + x] ?? 0) + weight;
      }
  }
  const means = sums.map((s, i) => s / (counts[i] || 1));
  const order = [...means].sort((a, b) => a - b);
  const usual = order[order.length >> 1] ?? 0;
  return { rows: MAP, columns: MAP, data: means.map((m) => Math.max(0, m - usual)) };
}

export async function scoredCrops(
  bytes: Uint8Array,
  name: string,
  crops: readonly Crop[],
  phrases: Awaited<ReturnType<PluginContext['engine']['embedLabels']>>,
  { engine, signal }: PluginContext,
): Promise<Scored[]> {
  const usual = await engine.usual({ templates: PHOTO_TEMPLATES, signal });
  const rows = await engine.embedAll(
    crops.map((crop) => ({ bytes, name, crop })),
    { signal },
  );
  // The best of many crops stands among the best of as many looks for everyday things.
  const standing = usual.withBestOf(phrases, rows);
  return cosineTable(rows, phrases).map((cosines, i) => ({
    crop: crops[i] ?? { left: 0, top: 0, right: 1, bottom: 1 },
    cosines,
    percentiles: standing[i] ?? [],
  }));
}
