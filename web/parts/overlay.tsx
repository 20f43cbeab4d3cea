/** What is painted over the drawing, as it is painted. */
import { useEffect, useRef } from 'preact/hooks';
import { ratio } from '../easel.ts';
import { canPaint, sendLayer } from '../layers.ts';
import { add, clear, drawAll, type Stroke, strokes } from '../painting.ts';
import { type Brushing, brush, brushing, looking, shownJob } from '../state.ts';

const SIDE = 1024;

export function Overlay() {
  const element = useRef<HTMLCanvasElement>(null);
  const stroke = useRef<Stroke | undefined>(undefined);
  const context = (): CanvasRenderingContext2D | null | undefined => element.current?.getContext('2d');
  const redraw = (): void => {
    const on = context();
    if (!on) return;
    on.clearRect(0, 0, on.canvas.width, on.canvas.height);
    const all = [...strokes.value, ...(stroke.current ? [stroke.current] : [])];
    drawAll(on, all);
  };
  const job = shownJob.value;
  useEffect(clear, [job]);
  const [wide, tall] = [SIDE * Math.min(1, ratio.value), SIDE / Math.max(1, ratio.value)].map(Math.round);
  useEffect(redraw, [strokes.value, wide, tall]);
  const within = (v: number): number => Math.min(1, Math.max(0, v));
  const placeOf = (event: PointerEvent, own: Brushing): readonly [number, number] => {
    const box = element.current?.getBoundingClientRect() ?? new DOMRect(0, 0, 1, 1);
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    return own === 'box' ? [within(x), within(y)] : [x, y];
  };
  const lift = (): void => {
    const done = stroke.current;
    stroke.current = undefined;
    if (!done) return;
    add(done);
    void sendLayer(done);
  };
  const active = brushing.value !== undefined && canPaint() && looking.value === undefined;
  return (
    <>
      <canvas
        id="overlay"
        aria-label="What is painted over the drawing"
        role="img"
        // What is painted is part of what is drawn now; the finished picture and states of before have none of it.
        hidden={!canPaint() || looking.value !== undefined}
        ref={element}
        width={wide}
        height={tall}
      />
      {active && (
        <div
          // A hand that begins beside the paper means the paper.
          class="hand panzoom-exclude"
          onPointerDown={(event) => {
            const own = brushing.value;
            if (own === undefined) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            stroke.current = { ...brush.value, tool: own, points: [placeOf(event, own)] };
            redraw();
          }}
          onPointerMove={(event) => {
            if (!stroke.current) return;
            const { points, tool: own } = stroke.current;
            // Of a box only its corners count.
            const before = own === 'box' ? points.slice(0, 1) : points;
            stroke.current = { ...stroke.current, points: [...before, placeOf(event, own)] };
            redraw();
          }}
          onPointerUp={lift}
          onPointerCancel={lift}
        />
      )}
    </>
  );
}
