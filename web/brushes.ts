/** Painting on a drawing that is being made: what is painted, erased or kept is sent as a picture when the hand lifts. */
import { byId } from './element.ts';

type Tool = 'brush' | 'eraser' | 'lock';

/** What the hand has done; `null` takes away what was done before. */
export type Stroke = { readonly paint: Blob | null } | { readonly lock: Blob | null };

export interface Brushes {
  /** Whether the run on the easel can be painted on. */
  show(can: boolean): void;
  /** For another run: nothing is painted yet. */
  clear(): void;
}

/** The colour that drawings are made on. */
const PAPER = '#faf7f0';
const SIDE = 512;
/** How what is kept is marked on the canvas. */
const MARK = 'rgb(64 140 255 / 0.45)';

const layer = (): HTMLCanvasElement => Object.assign(document.createElement('canvas'), { width: SIDE, height: SIDE });

export function createBrushes(send: (stroke: Stroke) => Promise<void>): Brushes {
  const bar = byId('brushes', HTMLFieldSetElement);
  const overlay = byId('overlay', HTMLCanvasElement);
  const [colour, width] = [byId('brush-colour', HTMLInputElement), byId('brush-width', HTMLInputElement)];
  const buttons = [...bar.querySelectorAll<HTMLButtonElement>('[data-tool]')];
  /** Paint is sent as it is seen; what is kept as white on black. */
  const [paint, kept] = [layer(), layer()];
  let tool: Tool | undefined;
  let last: readonly [number, number] | undefined;

  /** Layers have the shape of the canvas. */
  const shapeLayers = (): void => {
    const { width, height } = byId('canvas', HTMLCanvasElement);
    const longest = Math.max(width, height);
    const [wide, tall] = [Math.round((SIDE * width) / longest), Math.round((SIDE * height) / longest)];
    for (const canvas of [overlay, paint, kept])
      if (canvas.width !== wide || canvas.height !== tall) Object.assign(canvas, { width: wide, height: tall });
  };
  const clear = (): void => {
    for (const canvas of [overlay, paint, kept]) canvas.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height);
  };
  const choose = (next: Tool | undefined): void => {
    tool = next;
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.dataset['tool'] === next));
    overlay.classList.toggle('active', next !== undefined);
  };
  for (const button of buttons)
    button.addEventListener('click', () => {
      const wanted = button.dataset['tool'] as Tool; // the page is our own, and names only these
      choose(tool === wanted ? undefined : wanted);
    });

  const placeOf = (event: PointerEvent): readonly [number, number] => {
    const box = overlay.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * overlay.width,
      ((event.clientY - box.top) / box.height) * overlay.height,
    ];
  };
  const mark = (canvas: HTMLCanvasElement, style: string, to: readonly [number, number]): void => {
    const context = canvas.getContext('2d');
    if (!context) return;
    Object.assign(context, {
      strokeStyle: style,
      lineWidth: 2 * Number(width.value),
      lineCap: 'round',
      lineJoin: 'round',
    });
    context.beginPath();
    context.moveTo(...(last ?? to));
    context.lineTo(to[0] + 0.01, to[1]);
    context.stroke();
  };
  const draw = (event: PointerEvent): void => {
    const to = placeOf(event);
    const ink = tool === 'eraser' ? PAPER : colour.value;
    mark(overlay, tool === 'lock' ? MARK : ink, to);
    mark(tool === 'lock' ? kept : paint, tool === 'lock' ? '#fff' : ink, to);
    last = to;
  };
  overlay.addEventListener('pointerdown', (event) => {
    if (!tool) return;
    shapeLayers();
    overlay.setPointerCapture(event.pointerId);
    overlay.classList.add('busy');
    draw(event);
  });
  overlay.addEventListener('pointermove', (event) => {
    if (last) draw(event);
  });
  const lift = (): void => {
    if (!last) return;
    last = undefined;
    overlay.classList.remove('busy');
    const kind = tool === 'lock' ? 'lock' : 'paint';
    (kind === 'lock' ? kept : paint).toBlob((blob) => {
      if (blob) void send(kind === 'lock' ? { lock: blob } : { paint: blob });
    }, 'image/png');
  };
  overlay.addEventListener('pointerup', lift);
  overlay.addEventListener('pointercancel', lift);
  byId('brush-clear', HTMLButtonElement).addEventListener('click', () => {
    clear();
    void send({ paint: null }).then(() => send({ lock: null }));
  });
  return {
    show(can) {
      bar.hidden = !can;
      if (!can) choose(undefined);
    },
    clear,
  };
}
