/** What a hand has painted over a drawing: strokes in their order, so that each can be taken back, and the two pictures that they make for the run. */
import { computed, signal } from '@preact/signals';
import type { Brushing } from './state.ts';

type Point = readonly [number, number];

export interface Stroke {
  readonly tool: Brushing;
  readonly colour: string;
  /** In shares of the canvas's longer side. */
  readonly width: number;
  /** In shares of the canvas; of a box the first and the last are its corners. */
  readonly points: readonly Point[];
}

/** The colour that drawings are made on. */
const PAPER = '#faf7f0';
/** How what is kept is marked on the canvas. */
const MARK = '#408cff';
const MARK_OPACITY = 0.45;
/** Pixels of the longer side of what is sent. */
const SIDE = 512;

export const strokes = signal<readonly Stroke[]>([]);
const undone = signal<readonly Stroke[]>([]);
export const canUndo = computed(() => strokes.value.length > 0);
export const canRedo = computed(() => undone.value.length > 0);

const isLock = ({ tool }: Stroke): boolean => tool === 'lock' || tool === 'box';

export function add(stroke: Stroke): void {
  strokes.value = [...strokes.value, stroke];
  undone.value = [];
}
/** The stroke that went; nothing where there was none. */
export function undo(): Stroke | undefined {
  const last = strokes.value.at(-1);
  if (!last) return undefined;
  strokes.value = strokes.value.slice(0, -1);
  undone.value = [...undone.value, last];
  return last;
}
export function redo(): Stroke | undefined {
  const last = undone.value.at(-1);
  if (!last) return undefined;
  undone.value = undone.value.slice(0, -1);
  strokes.value = [...strokes.value, last];
  return last;
}
export function clear(): void {
  strokes.value = [];
  undone.value = [];
}

function draw(context: CanvasRenderingContext2D, { tool, colour, width, points }: Stroke, style?: string): void {
  const { width: wide, height: tall } = context.canvas;
  const ink = { brush: colour, eraser: PAPER, lock: MARK, box: MARK }[tool];
  Object.assign(context, {
    strokeStyle: style ?? ink,
    lineWidth: width * Math.max(wide, tall),
    lineCap: 'round',
    lineJoin: 'round',
  });
  if (tool === 'box') {
    const [[x0, y0], [x1, y1]] = [points[0] ?? [0, 0], points.at(-1) ?? [0, 0]];
    context.fillStyle = style ?? ink;
    context.fillRect(x0 * wide, y0 * tall, (x1 - x0) * wide, (y1 - y0) * tall);
    return;
  }
  context.beginPath();
  points.forEach(([x, y], i) => {
    if (i === 0) context.moveTo(x * wide, y * tall);
    context.lineTo(x * wide + 0.01, y * tall);
  });
  context.stroke();
}

/** Strokes over each other; what is kept is one layer under them, however often the hand went over it. */
export function drawAll(context: CanvasRenderingContext2D, all: readonly Stroke[]): void {
  const marks = document.createElement('canvas');
  Object.assign(marks, { width: context.canvas.width, height: context.canvas.height });
  const on = marks.getContext('2d');
  if (on) for (const stroke of all.filter(isLock)) draw(on, stroke);
  context.globalAlpha = MARK_OPACITY;
  if (marks.width * marks.height > 0) context.drawImage(marks, 0, 0);
  context.globalAlpha = 1;
  for (const stroke of all) if (!isLock(stroke)) draw(context, stroke);
}

/** What the run is told after a stroke came or went: its layer whole, or that it is empty. */
export async function layerOf(
  changed: Stroke,
  ratio: number,
): Promise<{ readonly kind: 'paint' | 'lock'; readonly blob: Blob | null }> {
  const kind = isLock(changed) ? 'lock' : 'paint';
  const own = strokes.value.filter((stroke) => isLock(stroke) === isLock(changed));
  if (own.length === 0) return { kind, blob: null };
  const layer = document.createElement('canvas');
  layer.width = Math.round(SIDE * Math.min(1, ratio));
  layer.height = Math.round(SIDE / Math.max(1, ratio));
  const context = layer.getContext('2d');
  // What is kept is white on nothing.
  if (context) for (const stroke of own) draw(context, stroke, kind === 'lock' ? '#fff' : undefined);
  return { kind, blob: await new Promise((resolve) => layer.toBlob(resolve, 'image/png')) };
}
