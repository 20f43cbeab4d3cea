/** Random crops and resizes of the canvas as pairs of matrices, out = R_y · canvas · R_xᵀ, with the backdrops behind them; all drawn from the seed. */
import { resamplingMatrix, resamplingTaps } from '../clip/resample.ts';
import type { GuidanceSettings } from './protocol.ts';

export interface CropFeeds {
  /** [crops, 1, side, canvas] */
  readonly rows: Float32Array;
  readonly columns: Float32Array;
  /** [crops, 3, side, side], sRGB 0..1 */
  readonly backdrop: Float32Array;
  /** [crops, 1, 1, 1] each: factors on contrast and brightness */
  readonly contrast: Float32Array;
  readonly brightness: Float32Array;
  /** [crops, 3, side, side] */
  readonly noise: Float32Array;
}

/** A roughly normal number from three uniform ones: enough for noise, at a third of the cost. */
const roughlyNormal = (random: () => number): number => (random() + random() + random() - 1.5) * 2;

/** Halves a row of `side` elements and widens it again, [side, side]; the same for every crop. */
const softenings = new Map<number, Float32Array>();
function softening(side: number): Float32Array {
  const known = softenings.get(side);
  if (known) return known;
  const half = Math.ceil(side / 2);
  const made = product(resamplingMatrix(half, side, 'bilinear'), resamplingMatrix(side, half, 'box'), side, half, side);
  softenings.set(side, made);
  return made;
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

/** Writes one resampling matrix [side, canvas]; rows that look past the canvas stay empty. */
function writeMatrix(
  out: Float32Array,
  at: number,
  canvas: number,
  side: number,
  from: number,
  to: number,
  mirrored: boolean,
): void {
  const step = (to - from) / side;
  resamplingTaps(canvas, side, 'bilinear', from, to).forEach(({ first, weights }, i) => {
    const centre = from + (i + 0.5) * step;
    if (centre < 0 || centre > canvas) return;
    const row = mirrored ? side - 1 - i : i;
    out.set(weights, at + row * canvas + first);
  });
}

function writeBackdrop(
  out: Float32Array,
  at: number,
  side: number,
  paper: readonly number[],
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

/** The crops of one step. `canvas` and `side` in pixels. */
export function drawCrops(
  s: GuidanceSettings,
  canvas: number,
  side: number,
  paper: readonly number[],
  random: () => number,
): CropFeeds {
  const { crops } = s;
  const area = 3 * side * side;
  const feeds = {
    rows: new Float32Array(crops * side * canvas),
    columns: new Float32Array(crops * side * canvas),
    backdrop: new Float32Array(crops * area),
    contrast: new Float32Array(crops),
    brightness: new Float32Array(crops),
    noise: new Float32Array(crops * area),
  };
  for (let crop = 0; crop < crops; crop++) {
    const span = (s.smallest + (s.largest - s.smallest) * random()) * canvas;
    const place = (): number => canvas / 2 - span / 2 + (2 * random() - 1) * s.shift * canvas;
    const [top, left] = [place(), place()];
    const mirrored = random() < s.flip;
    const soft = random() < s.blur;
    const size = side * canvas;
    for (const [matrices, from, turned] of [
      [feeds.rows, top, false],
      [feeds.columns, left, mirrored],
    ] as const) {
      writeMatrix(matrices, crop * size, canvas, side, from, from + span, turned);
      if (soft) {
        const sharp = matrices.slice(crop * size, (crop + 1) * size);
        matrices.set(product(softening(side), sharp, side, side, canvas), crop * size);
      }
    }
    writeBackdrop(feeds.backdrop, crop * area, side, paper, s, random);
    feeds.contrast[crop] = 1 + s.jitter * roughlyNormal(random);
    feeds.brightness[crop] = 1 + 0.7 * s.jitter * roughlyNormal(random);
    const level = s.noise * random();
    for (let i = 0; i < area; i++) feeds.noise[crop * area + i] = level * roughlyNormal(random);
  }
  return feeds;
}
