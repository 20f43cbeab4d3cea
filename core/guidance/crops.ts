/** Random crops and resizes of the canvas as pairs of matrices, out = R_y · canvas · R_xᵀ, with the backdrops behind them; all drawn from the seed. */
import { resamplingMatrix, resamplingTaps } from '../clip/resample.ts';
import { seeded, seedFor } from '../random.ts';
import type { Place } from './place.ts';
import type { Region } from './prompt/regions.ts';
import type { GuidanceSettings } from './protocol.ts';

export interface CropFeeds {
  /** [crops, 1, side, canvas height] and [crops, 1, side, canvas width] */
  readonly rows: Float32Array;
  readonly columns: Float32Array;
  /** [crops, 3, side, side], sRGB 0..1 */
  readonly backdrop: Float32Array;
  /** [crops, 1, 1, 1]: factors on contrast */
  readonly contrast: Float32Array;
  /** [crops, 3, 1, 1]: factors on the channels */
  readonly brightness: Float32Array;
  /** [crops, 1, 1, 1]: angles in radians */
  readonly cropAngle: Float32Array;
  /** [crops, 1, canvas height, canvas width]: what of the canvas each crop sees, 0..1 */
  readonly masks: Float32Array;
  /** [crops, 3, side, side] */
  readonly noise: Float32Array;
}

/** What crops are taken of. */
export interface CropPlan {
  /** Of the canvas, in pixels. */
  readonly height: number;
  readonly width: number;
  /** Side of what the model sees, in pixels. */
  readonly side: number;
  readonly paper: readonly number[];
  /** The parts that prompts are bound to, each crop taking its turn. */
  readonly places: readonly Place[];
  /** How far the run is, 0..1. */
  readonly progress: number;
  /** Counts from 0. */
  readonly step: number;
}

/** Which of so many places a crop shows in a step: where there are more places than crops, they take turns over the steps. */
export const turnOf = (crop: number, places: number, { crops, step }: Turn): number =>
  (crop + (places > crops ? step * crops : 0)) % places;
export interface Turn {
  readonly crops: number;
  /** Counts from 0. */
  readonly step: number;
}

/** A roughly normal number from three uniform ones: enough for noise, at a third of the cost. */
const roughlyNormal = (random: () => number): number => (random() + random() + random() - 1.5) * 2;

/** Twice as many roughly normal numbers as a crop has: each crop reads on from another place of them. Fresh ones for every crop took a tenth of a step. */
const grains = new Map<number, Float32Array>();
function grainOf(area: number): Float32Array {
  const known = grains.get(area);
  if (known) return known;
  const random = seeded(seedFor(area, 'grain of crops'));
  const made = Float32Array.from({ length: 2 * area }, () => roughlyNormal(random));
  grains.set(area, made);
  return made;
}

/** Shrinks a row of `side` elements to `kept` and widens it again, [side, side]; the same for every crop. */
const softenings = new Map<string, Float32Array>();
function softening(side: number, kept: number): Float32Array {
  const key = `${side} ${kept}`;
  const known = softenings.get(key);
  if (known) return known;
  const wide = resamplingMatrix(kept, side, 'bilinear');
  const made = product(wide, resamplingMatrix(side, kept, 'box'), side, kept, side);
  softenings.set(key, made);
  return made;
}

const COARSEST = 0.25;
/** Elements a side that crops keep while detail comes in: a quarter at first, all at the end of that part of the run. */
function keptOf({ coarse }: GuidanceSettings, side: number, progress: number): number {
  if (coarse === 0 || progress >= coarse) return side;
  return Math.ceil(side * (COARSEST + (1 - COARSEST) * (Math.floor((8 * progress) / coarse) / 8)));
}

/** The matrix product of a [rows, inner] and b [inner, columns]. */
function product(a: Float32Array, b: Float32Array, rows: number, inner: number, columns: number): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++)
    for (let k = 0; k < inner; k++) {
      const factor = a[r * inner + k] ?? 0;
      if (factor === 0) continue;
      for (let c = 0; c < columns; c++) {
        const term = b[k * columns + c] ?? 0;
        if (term !== 0) out[r * columns + c] = (out[r * columns + c] ?? 0) + factor * term;
      }
    }
  return out;
}

/** Resampling matrix [side, size] of what lies between `from` and `to`; rows that look past the canvas stay empty. */
function lookingMatrix(size: number, side: number, from: number, to: number, mirrored: boolean): Float32Array {
  const out = new Float32Array(side * size);
  const step = (to - from) / side;
  resamplingTaps(size, side, 'bilinear', from, to).forEach(({ first, weights }, i) => {
    const centre = from + (i + 0.5) * step;
    if (centre < 0 || centre > size) return;
    const row = mirrored ? side - 1 - i : i;
    out.set(weights, row * size + first);
  });
  return out;
}

function writeBackdrop(
  out: Float32Array,
  at: number,
  { side, paper }: CropPlan,
  s: GuidanceSettings,
  random: () => number,
): void {
  const kind = random();
  const first = [random(), random(), random()];
  const second = first.map((c) => Math.min(1, Math.max(0, c + 0.25 * roughlyNormal(random))));
  const angle = 2 * Math.PI * random();
  const from = kind < s.onPaper ? paper : first;
  const to = kind < s.onPaper ? paper : kind < s.onPaper + s.onPlain ? first : second;
  const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
  const area = side * side;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const share = Math.min(1, Math.max(0, ((x + 0.5) / side - 0.5) * dx + ((y + 0.5) / side - 0.5) * dy + 0.5));
      for (let c = 0; c < 3; c++)
        out[at + c * area + y * side + x] = (from[c] ?? 0) * (1 - share) + (to[c] ?? 0) * share;
    }
  }
}

interface Look {
  readonly top: number;
  readonly left: number;
  readonly span: number;
}
/** The square that a crop shows, in pixels of the canvas. */
function looked(
  { height, width }: CropPlan,
  region: Region | undefined,
  s: GuidanceSettings,
  random: () => number,
): Look {
  const share = s.smallest + (s.largest - s.smallest) * random();
  const stray = (): number => (2 * random() - 1) * s.shift;
  if (region) {
    const [tall, wide] = [(region.bottom - region.top) * height, (region.right - region.left) * width];
    const span = Math.min(1, share) * Math.max(tall, wide);
    const place = (from: number, size: number): number => from + size / 2 - span / 2 + stray() * size;
    return { top: place(region.top * height, tall), left: place(region.left * width, wide), span };
  }
  // A canvas that is not square is seen as a whole and, as often, as a square of its own height or width that slides along it.
  const [long, short] = [Math.max(height, width), Math.min(height, width)];
  const sliding = long > short && random() < 0.5;
  const span = share * (sliding ? short : long);
  const place = (size: number): number =>
    sliding && size === long ? random() * Math.max(0, size - span) : size / 2 - span / 2 + stray() * size;
  return { top: place(height), left: place(width), span };
}

/** The crops of one step. */
export function drawCrops(s: GuidanceSettings, plan: CropPlan, random: () => number): CropFeeds {
  const { crops } = s;
  const { side, height, width, places, progress } = plan;
  const [area, pixels] = [3 * side * side, height * width];
  const feeds = {
    rows: new Float32Array(crops * side * height),
    columns: new Float32Array(crops * side * width),
    backdrop: new Float32Array(crops * area),
    contrast: new Float32Array(crops),
    brightness: new Float32Array(3 * crops),
    noise: new Float32Array(crops * area),
    cropAngle: new Float32Array(crops),
    masks: new Float32Array(crops * pixels).fill(1),
  };
  const coarse = keptOf(s, side, progress);
  for (let crop = 0; crop < crops; crop++) {
    const place = places[turnOf(crop, places.length, { crops, step: plan.step })] ?? {};
    const { top, left, span } = looked(plan, place.region, s, random);
    if (place.mask) feeds.masks.set(place.mask, crop * pixels);
    const mirrored = random() < s.flip;
    const soft = random() < s.blur;
    const kept = Math.min(coarse, soft ? Math.ceil(side / 2) : side);
    const softened = (matrix: Float32Array, size: number): Float32Array =>
      kept < side ? product(softening(side, kept), matrix, side, side, size) : matrix;
    feeds.rows.set(softened(lookingMatrix(height, side, top, top + span, false), height), crop * side * height);
    feeds.columns.set(softened(lookingMatrix(width, side, left, left + span, mirrored), width), crop * side * width);
    writeBackdrop(feeds.backdrop, crop * area, plan, s, random);
    feeds.contrast[crop] = 1 + s.jitter * roughlyNormal(random);
    const brightness = 1 + 0.7 * s.jitter * roughlyNormal(random);
    const level = s.noise * random();
    const grain = grainOf(area);
    const from = Math.floor(random() * area);
    for (let i = 0; i < area; i++) feeds.noise[crop * area + i] = level * (grain[from + i] ?? 0);
    // What few runs use is drawn last, and only then, so that it changes nothing for the others.
    for (let c = 0; c < 3; c++)
      feeds.brightness[3 * crop + c] = brightness * (s.tint > 0 ? 1 + s.tint * roughlyNormal(random) : 1);
    if (s.rotation > 0) feeds.cropAngle[crop] = (s.rotation * (2 * random() - 1) * Math.PI) / 180;
  }
  return feeds;
}
