/**
 * Coarse to fine by number of shapes: a run begins with a share of them to be seen; the gradient may wake others by itself, and at each renewal some more
 * are put, and those that have faded are put again, where a change of colour would help most.
 */
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import { float32, floatsOf } from '../graph/session.ts';
import { momentNames } from './optimisers.ts';
import type { Extent } from './plane.ts';
import type { GuidanceSettings, ReadyDrawer, ShapeRows } from './protocol.ts';

type State = ReadonlyMap<string, OrtTensor>;
/** Parameters and moments as arrays of one's own. */
type Rows = Map<string, { readonly data: Float32Array; readonly width: number }>;

/** Renewals are spread over this share of the run. */
const GROWING = 0.7;
/** Logit of a shape that is not there. */
const GONE = -5;
/** Logit from which a shape that was not there yet has been woken by the gradient: it stays where it has come to. */
const WOKEN = -2;
/** A shape whose presence has fallen by this much since it was put has faded. */
const FADED = 1.2;
/** Logits of a new shape's colour. */
const INKED = 1.4;
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Steps after which shapes are renewed, counting from 1. */
export const renewalSteps = ({ steps, renewals }: GuidanceSettings): number[] =>
  Array.from({ length: renewals }, (_, k) => Math.max(1, Math.round((steps * GROWING * (k + 1)) / (renewals + 1))));

/** Shapes that there are after so many steps. The last ones come first, so that later shapes lie in front of them. */
export function awakeAfter(step: number, count: number, s: GuidanceSettings): number {
  const passed = renewalSteps(s).filter((at) => at <= step).length;
  const share = s.renewals === 0 ? 1 : s.awake + ((1 - s.awake) * passed) / s.renewals;
  return Math.max(1, Math.round(share * count));
}

export class Growth {
  private readonly drawer: ReadyDrawer;
  private readonly shapes: ShapeRows;
  private readonly settings: GuidanceSettings;

  constructor(drawer: ReadyDrawer, shapes: ShapeRows, settings: GuidanceSettings) {
    this.drawer = drawer;
    this.shapes = shapes;
    this.settings = settings;
  }

  /** Places in the order of painting of the shapes that there are. */
  private awake(step: number): { readonly from: number; readonly to: number } {
    const { count } = this.shapes;
    return { from: count - awakeAfter(step, count, this.settings), to: count };
  }

  /** Copies of all that has one row a shape. */
  private rowsOf(state: State): Rows {
    const { count } = this.shapes;
    const own = this.drawer.parameters.filter((p) => p.shape[0] === count && p.name !== this.shapes.mix?.palette);
    const names = own.flatMap((p) => [p.name, ...momentNames(p, this.settings)]);
    return new Map(
      names.flatMap((name) => {
        const tensor = state.get(name);
        return tensor ? [[name, { data: floatsOf(tensor).slice(), width: tensor.size / count }] as const] : [];
      }),
    );
  }
  private written(state: State, rows: Rows): Map<string, OrtTensor> {
    return new Map(
      [...state].map(([name, tensor]) => {
        const own = rows.get(name);
        return [name, own ? float32(own.data, tensor.dims) : tensor] as const;
      }),
    );
  }

  /** A shape's row of a parameter at the start. The order is turned round: the first shapes are the broad ones, and they begin. */
  private startOf(name: string, row: number): Float32Array {
    const p = this.drawer.parameters.find((q) => q.name === name);
    const width = (p?.start.length ?? 0) / this.shapes.count;
    const from = this.settings.awake < 1 ? this.shapes.count - 1 - row : row;
    return p?.start.slice(from * width, (from + 1) * width) ?? new Float32Array();
  }

  /** The state before the first step: shapes that come later are not there. */
  begin(state: State): Map<string, OrtTensor> {
    if (this.settings.awake >= 1) return new Map(state);
    const rows = this.rowsOf(state);
    for (const [name, { data, width }] of rows)
      if (this.drawer.parameters.some((p) => p.name === name))
        for (let row = 0; row < this.shapes.count; row++) data.set(this.startOf(name, row), row * width);
    const presence = rows.get(this.shapes.presence)?.data;
    presence?.fill(GONE, 0, this.awake(0).from);
    return this.written(state, rows);
  }

  /** New shapes, and those that have faded, put where `blame` [3, h, w] is large. */
  renewed(step: number, state: State, blame: Float32Array, canvas: Extent, random: () => number): State {
    const rows = this.rowsOf(state);
    const [was, now] = [this.awake(step - 1), this.awake(step)];
    const presence = rows.get(this.shapes.presence)?.data ?? new Float32Array();
    const spots = new Spots(blame, canvas);
    for (let row = now.from; row < now.to; row++) {
      const least = row < was.from ? WOKEN : (this.startOf(this.shapes.presence, row)[0] ?? 0) - FADED;
      if ((presence[row] ?? 0) < least) this.put(rows, row, spots.draw(random), state, blame);
    }
    return this.written(state, rows);
  }

  /** One shape as it would be at the start, at another place, in the colour that helps there. */
  private put(rows: Rows, row: number, spot: Spot, state: State, blame: Float32Array): void {
    const { places, plane, ink, mix } = this.shapes;
    for (const [name, { data, width }] of rows) {
      if (!this.drawer.parameters.some((p) => p.name === name)) {
        data.fill(0, row * width, (row + 1) * width);
        continue;
      }
      const start = this.startOf(name, row);
      if (name === places) move(start, spot.x * plane.width, spot.y * plane.height);
      if (name === ink) start.set(start.map((_, c) => -INKED * Math.sign(blameAt(blame, spot, c))));
      if (name === mix?.shares) favour(start, bestColour(floatsOf(state.get(mix.palette)), blame, spot));
      data.set(start, row * width);
    }
  }

  /** The state without one shape. */
  without(row: number, state: State): State {
    const rows = this.rowsOf(state);
    const presence = rows.get(this.shapes.presence)?.data;
    if (presence) presence[row] = GONE;
    return this.written(state, rows);
  }

  /** Shapes that are to be seen, the faintest first. */
  visible(state: State): number[] {
    const presence = floatsOf(state.get(this.shapes.presence));
    return [...presence.keys()]
      .filter((row) => (presence[row] ?? GONE) > GONE / 2)
      .sort((a, b) => (presence[a] ?? 0) - (presence[b] ?? 0));
  }
}

/** A pixel of the canvas, and its middle in shares of the canvas. */
interface Spot {
  readonly at: number;
  readonly area: number;
  readonly x: number;
  readonly y: number;
}
const blameAt = (blame: Float32Array, { at, area }: Spot, channel: number): number => blame[channel * area + at] ?? 0;

/** Pixels, drawn by the square of how much a change of their colour would help. */
class Spots {
  private readonly sums: Float64Array;
  private readonly canvas: Extent;

  constructor(blame: Float32Array, canvas: Extent) {
    const area = canvas.height * canvas.width;
    this.canvas = canvas;
    this.sums = new Float64Array(area);
    let total = 0;
    for (let i = 0; i < area; i++) {
      for (let c = 0; c < 3; c++) total += (blame[c * area + i] ?? 0) ** 2;
      this.sums[i] = total;
    }
  }

  draw(random: () => number): Spot {
    const { height, width } = this.canvas;
    const wanted = random() * (this.sums.at(-1) ?? 0);
    let [low, high] = [0, this.sums.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    const [row, column] = [Math.floor(low / width), low % width];
    return { at: low, area: height * width, x: (column + 0.5) / width, y: (row + 0.5) / height };
  }
}

/** Moves points (x, y, x, y, …) so that their middle is at a place. */
function move(points: Float32Array, x: number, y: number): void {
  const count = points.length / 2;
  for (const [axis, to] of [x, y].entries()) {
    let middle = 0;
    for (let k = 0; k < count; k++) middle += (points[2 * k + axis] ?? 0) / count;
    for (let k = 0; k < count; k++) points[2 * k + axis] = (points[2 * k + axis] ?? 0) + to - middle;
  }
}

/** The colour of a palette (logits [n, 3]) that lowers the loss most at a spot. */
function bestColour(palette: Float32Array, blame: Float32Array, spot: Spot): number {
  const gain = Array.from({ length: palette.length / 3 }, (_, k) =>
    [0, 1, 2].reduce((sum, c) => sum - blameAt(blame, spot, c) * sigmoid(palette[3 * k + c] ?? 0), 0),
  );
  return gain.indexOf(Math.max(...gain));
}
function favour(shares: Float32Array, chosen: number): void {
  shares.fill(0);
  shares[chosen] = INKED;
}
