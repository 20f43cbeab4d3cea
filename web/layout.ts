/** Where on the canvas what is wanted: boxes over the drawing, which can be moved and sized by hand or by the arrow keys. */
import type { Update } from '../server/wire.ts';
import { byId, make } from './element.ts';

type Parts = NonNullable<Update['layout']>;
type Place = NonNullable<Parts[number]['place']>;

export interface Layout {
  /** Takes over what is new of a job, and shows boxes while it runs and can be steered. */
  show(update: Update, steerable: boolean): void;
  /** For another run: nothing has a place yet. */
  clear(): void;
}

/** A smaller box shows a model little. */
const SMALLEST = 0.2;
/** What an arrow key moves, in shares of the canvas. */
const NUDGE = 0.02;

const rounded = (v: number): number => Math.round(100 * v) / 100;
const within = (v: number, low: number, high: number): number => Math.min(high, Math.max(low, v));

function moved({ left, top, right, bottom }: Place, dx: number, dy: number): Place {
  const [x, y] = [within(dx, -left, 1 - right), within(dy, -top, 1 - bottom)];
  return { left: left + x, top: top + y, right: right + x, bottom: bottom + y };
}
const sized = (place: Place, dx: number, dy: number): Place => ({
  ...place,
  right: within(place.right + dx, Math.min(1, place.left + SMALLEST), 1),
  bottom: within(place.bottom + dy, Math.min(1, place.top + SMALLEST), 1),
});

function written(parts: Parts): string {
  const place = (p: Place): string => ` @(${[p.left, p.top, p.right, p.bottom].map(rounded).join(',')})`;
  return parts.map((p) => `${p.words}${p.place ? place(p.place) : ''}${p.rest}`).join(' | ');
}

const KEYS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-NUDGE, 0],
  ArrowRight: [NUDGE, 0],
  ArrowUp: [0, -NUDGE],
  ArrowDown: [0, NUDGE],
};

/** `send` gives the run the prompt with its things at other places. */
export function createLayout(send: (prompt: string) => void): Layout {
  const boxes = byId('layout', HTMLFieldSetElement);
  let parts: Parts = [];
  /** Boxes that are being dragged are not drawn anew. */
  let held = false;

  const put = (box: HTMLElement, { left, top, right, bottom }: Place): void => {
    Object.assign(box.style, {
      left: `${100 * left}%`,
      top: `${100 * top}%`,
      width: `${100 * (right - left)}%`,
      height: `${100 * (bottom - top)}%`,
    });
  };
  const boxOf = (part: Parts[number], index: number): HTMLElement | undefined => {
    let { place } = part;
    if (!place) return undefined;
    const box = make('button', {
      type: 'button',
      title: 'Drag to move it; drag its corner, or hold Shift, to size it',
    });
    box.append(make('span', { textContent: part.words }), make('i'));
    box.setAttribute('aria-label', `${part.words}: arrow keys move it, with Shift they size it`);
    put(box, place);
    const to = (next: Place): void => {
      place = next;
      put(box, next);
    };
    const done = (): void => {
      parts = parts.map((p, i) => (i === index && place ? { ...p, place } : p));
      send(written(parts));
    };
    box.addEventListener('pointerdown', (down) => {
      const begun = place;
      const area = boxes.getBoundingClientRect();
      const change = down.target instanceof HTMLElement && down.target.localName === 'i' ? sized : moved;
      if (!begun) return;
      held = true;
      box.setPointerCapture(down.pointerId);
      const follow = (e: PointerEvent): void =>
        to(change(begun, (e.clientX - down.clientX) / area.width, (e.clientY - down.clientY) / area.height));
      // However the hand lets go, what it has moved by then is moved.
      const lift = (): void => {
        held = false;
        letGo.abort();
        if (place !== begun) done();
      };
      const letGo = new AbortController();
      box.addEventListener('pointermove', follow, { signal: letGo.signal });
      for (const end of ['pointerup', 'pointercancel'] as const)
        box.addEventListener(end, lift, { signal: letGo.signal });
    });
    box.addEventListener('keydown', (event) => {
      const by = KEYS[event.key];
      if (!by || !place) return;
      event.preventDefault();
      to((event.shiftKey ? sized : moved)(place, ...by));
      done();
    });
    return box;
  };
  const draw = (): void => boxes.replaceChildren(...parts.flatMap((part, i) => boxOf(part, i) ?? []));
  return {
    show({ layout, state }, steerable) {
      if (layout && !held) {
        const focused = [...boxes.children].indexOf(document.activeElement ?? boxes);
        parts = layout;
        draw();
        const again = boxes.children[focused];
        if (again instanceof HTMLElement) again.focus();
      }
      boxes.hidden = state !== 'running' || !steerable;
    },
    clear() {
      parts = [];
      draw();
    },
  };
}
