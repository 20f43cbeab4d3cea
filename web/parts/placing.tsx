/** Saying where something is wanted, by drawing its box on the canvas. */
import { MapPin } from 'lucide-preact';
import { useState } from 'preact/hooks';
import { put, unplaced, wanted } from '../layout.ts';
import { between, type Point, written } from '../places.ts';
import { looking, tool } from '../state.ts';
import { IconButton } from './icons.tsx';

export function PlacingTool() {
  const parts = wanted.value;
  if (!parts || parts.length === 0 || looking.value !== undefined) return null;
  const on = typeof tool.value === 'object';
  return (
    <fieldset id="placing-tool" aria-label="Where things are wanted, drawn by hand">
      <IconButton
        icon={MapPin}
        name="Draw where something goes"
        shortcut="W"
        pressed={on}
        onClick={() => {
          tool.value = on ? undefined : { places: unplaced() };
        }}
      />
      {typeof tool.value === 'object' && parts.length > 1 && (
        <select
          aria-label="What goes there"
          value={tool.value.places}
          onChange={(event) => {
            tool.value = { places: Number(event.currentTarget.value) };
          }}
        >
          {parts.map(({ words }, index) => (
            <option key={words} value={index}>
              {words}
            </option>
          ))}
        </select>
      )}
    </fieldset>
  );
}

const percent = (v: number): string => `${100 * v}%`;

export function PlacingArea() {
  const [drawn, setDrawn] = useState<{ readonly from: Point; readonly to: Point } | undefined>(undefined);
  const parts = wanted.value;
  if (typeof tool.value !== 'object' || !parts) return null;
  const { places } = tool.value;
  const at = ({ clientX, clientY, currentTarget }: PointerEvent): Point => {
    const { left, top, width, height } = (currentTarget as HTMLElement).getBoundingClientRect(); // this element's own event
    const share = (v: number): number => Math.min(1, Math.max(0, v));
    return { x: share((clientX - left) / width), y: share((clientY - top) / height) };
  };
  const box = drawn && between(drawn.from, drawn.to);
  return (
    <div
      id="placing"
      class="panzoom-exclude"
      role="img"
      aria-label={`Drag a box for ${parts[places]?.words ?? 'it'}`}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrawn({ from: at(event), to: at(event) });
      }}
      onPointerMove={(event) => drawn && setDrawn({ ...drawn, to: at(event) })}
      onPointerUp={() => {
        setDrawn(undefined);
        tool.value = undefined;
        if (box) put(written(parts.map((part, i) => (i === places ? { ...part, place: box } : part))));
      }}
      onPointerCancel={() => setDrawn(undefined)}
    >
      {box && (
        <b
          style={{
            left: percent(box.left),
            top: percent(box.top),
            width: percent(box.right - box.left),
            height: percent(box.bottom - box.top),
          }}
        >
          {parts[places]?.words}
        </b>
      )}
    </div>
  );
}
