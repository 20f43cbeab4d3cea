/** Saying where something is wanted, by drawing its box on the canvas and saying what goes there. */
import { MapPin } from 'lucide-preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { put, wanted } from '../layout.ts';
import { between, type Parts, type Place, type Point, written } from '../places.ts';
import { looking, tool } from '../state.ts';
import { IconButton } from './icons.tsx';

export function PlacingTool() {
  if (!wanted.value?.length || looking.value !== undefined) return null;
  const on = tool.value === 'place';
  return (
    <span id="placing-tool">
      <IconButton
        icon={MapPin}
        name="Draw where something goes"
        shortcut="W"
        pressed={on}
        onClick={() => {
          tool.value = on ? undefined : 'place';
        }}
      />
    </span>
  );
}

const percent = (v: number): string => `${100 * v}%`;
const styleOf = ({ left, top, right, bottom }: Place) => ({
  left: percent(left),
  top: percent(top),
  width: percent(right - left),
  height: percent(bottom - top),
});

const nowhere = (text: string): boolean => /[|@:[\]{}]/.test(text);

/** What goes into the box: a part of the words, or something else, which becomes another part. */
function Asking({ parts, box, done }: { readonly parts: Parts; readonly box: Place; readonly done: () => void }) {
  const [other, setOther] = useState('');
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const take = (next: Parts): void => {
    put(written(next));
    done();
  };
  const add = (): void => {
    const words = other.trim();
    // Signs of the prompt's own grammar are written where the prompt is.
    if (words !== '' && !nowhere(words)) take([...parts, { words, place: box, rest: '' }]);
  };
  return (
    <div
      id="asking"
      class="panzoom-exclude"
      role="dialog"
      aria-label="What goes there"
      style={{ left: percent(Math.min(box.left, 0.45)), top: percent(Math.min(box.top + 0.06, 0.75)) }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Escape') done();
        if (event.key !== 'Enter' || event.target !== input.current) return;
        event.preventDefault();
        add();
      }}
    >
      <p>What goes there?</p>
      {parts.map(({ words }, index) => (
        <button
          key={words}
          type="button"
          onClick={() => take(parts.map((part, i) => (i === index ? { ...part, place: box } : part)))}
        >
          {words}
        </button>
      ))}
      <input
        ref={input}
        type="text"
        aria-label="Something else"
        placeholder="something else"
        maxLength={200}
        value={other}
        onInput={(event) => setOther(event.currentTarget.value)}
      />
      <button type="button" disabled={other.trim() === '' || nowhere(other)} onClick={add}>
        Add it
      </button>
    </div>
  );
}

export function PlacingArea() {
  const paper = useRef<HTMLSpanElement>(null);
  const [drawn, setDrawn] = useState<{ readonly from: Point; readonly to: Point } | undefined>(undefined);
  const [box, setBox] = useState<Place | undefined>(undefined);
  const parts = wanted.value;
  if (tool.value !== 'place' || !parts?.length) return null;
  const at = ({ clientX, clientY }: PointerEvent): Point => {
    const { left, top, width, height } =
      paper.current?.parentElement?.getBoundingClientRect() ?? new DOMRect(0, 0, 1, 1);
    const share = (v: number): number => Math.min(1, Math.max(0, v));
    return { x: share((clientX - left) / width), y: share((clientY - top) / height) };
  };
  const shape = box ?? (drawn && between(drawn.from, drawn.to));
  return (
    <>
      <span ref={paper} />
      <div
        id="placing"
        class="panzoom-exclude"
        role="img"
        aria-label="Drag a box where something goes"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setBox(undefined);
          setDrawn({ from: at(event), to: at(event) });
        }}
        onPointerMove={(event) => drawn && setDrawn({ ...drawn, to: at(event) })}
        onPointerUp={() => {
          if (drawn) setBox(between(drawn.from, drawn.to));
          setDrawn(undefined);
        }}
        onPointerCancel={() => setDrawn(undefined)}
      />
      {shape && <b class="placed" style={styleOf(shape)} />}
      {box && (
        <Asking
          parts={parts}
          box={box}
          done={() => {
            setBox(undefined);
            tool.value = undefined;
          }}
        />
      )}
    </>
  );
}
