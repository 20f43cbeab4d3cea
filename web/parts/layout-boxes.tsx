/** Where on the canvas what is wanted: boxes over the drawing, which can be moved and sized by hand or by the arrow keys. */
import { useEffect, useState } from 'preact/hooks';
import { put, wanted } from '../layout.ts';
import { KEYS, moved, type Parts, type Place, sized, written } from '../places.ts';
import { shown } from '../state.ts';

interface Dragging {
  readonly index: number;
  readonly x: number;
  readonly y: number;
  readonly begun: Place;
  readonly change: typeof moved;
}

const percent = (v: number): string => `${100 * v}%`;

export function LayoutBoxes() {
  const job = shown.value?.job;
  const boxes = wanted.value;
  const [parts, setParts] = useState<Parts>([]);
  const [dragging, setDragging] = useState<Dragging | undefined>(undefined);
  // Boxes that are held are not put elsewhere.
  useEffect(() => {
    if (!dragging) setParts(boxes ?? []);
  }, [job, boxes]);
  if (!parts.some(({ place }) => place)) return null;
  const moveTo = (index: number, place: Place): Parts => {
    const next = parts.map((p, i) => (i === index ? { ...p, place } : p));
    setParts(next);
    return next;
  };
  return (
    <fieldset id="layout" aria-label="Where things are wanted">
      {parts.map(({ words, place }, index) =>
        place ? (
          <button
            key={words}
            type="button"
            class="panzoom-exclude"
            aria-label={`${words}: arrow keys move it, with Shift they size it`}
            title="Drag to move it; drag its corner, or hold Shift, to size it"
            style={{
              left: percent(place.left),
              top: percent(place.top),
              width: percent(place.right - place.left),
              height: percent(place.bottom - place.top),
            }}
            onPointerDown={(event) => {
              event.stopPropagation();
              event.currentTarget.setPointerCapture(event.pointerId);
              const corner = event.target instanceof HTMLElement && event.target.localName === 'i';
              setDragging({ index, x: event.clientX, y: event.clientY, begun: place, change: corner ? sized : moved });
            }}
            onPointerMove={(event) => {
              if (dragging?.index !== index) return;
              const area = event.currentTarget.parentElement?.getBoundingClientRect();
              if (!area) return;
              const [dx, dy] = [(event.clientX - dragging.x) / area.width, (event.clientY - dragging.y) / area.height];
              moveTo(index, dragging.change(dragging.begun, dx, dy));
            }}
            onLostPointerCapture={() => {
              if (dragging && place !== dragging.begun) put(written(parts));
              setDragging(undefined);
            }}
            onKeyDown={(event) => {
              const by = KEYS[event.key];
              if (!by) return;
              event.preventDefault();
              put(written(moveTo(index, (event.shiftKey ? sized : moved)(place, ...by))));
            }}
          >
            <span>{words}</span>
            <i />
          </button>
        ) : null,
      )}
    </fieldset>
  );
}
