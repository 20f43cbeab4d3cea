/** Keys: one list, from which they are heard and shown. */
import { begin, mayTouch, steer } from './desk.ts';
import { canPaint, takeBack } from './layers.ts';
import { wanted } from './layout.ts';
import { canRedo, canUndo } from './painting.ts';
import { type Brushing, folded, helping, looking, place, shown, tool } from './state.ts';
import { look, steps } from './trail.ts';
import { redoForm, undoForm } from './undo.ts';
import { fit, fullScreen, zoomIn, zoomOut } from './zoom.ts';

interface Shortcut {
  readonly keys: string;
  readonly says: string;
  /** Whether this press is meant. */
  readonly is: (event: KeyboardEvent) => boolean;
  readonly does: () => void;
}

const plain =
  (key: string) =>
  (event: KeyboardEvent): boolean =>
    event.key.toLowerCase() === key && !event.ctrlKey && !event.metaKey && !event.altKey;
const command =
  (key: string, shift: boolean) =>
  (event: KeyboardEvent): boolean =>
    event.key.toLowerCase() === key && (event.ctrlKey || event.metaKey) && event.shiftKey === shift;

const running = (): boolean => shown.value?.state === 'running' && mayTouch(shown.value);
const brushWith = (wanted: Brushing) => (): void => {
  if (canPaint()) tool.value = tool.value === wanted ? undefined : wanted;
};
const drawPlace = (): void => {
  if (wanted.value?.length) tool.value = tool.value === 'place' ? undefined : 'place';
};
/** The frame of before or after the one that is looked at. */
const stepBy = (by: -1 | 1) => (): void => {
  const all = steps.value;
  const at = looking.value ?? Number.POSITIVE_INFINITY;
  const next = by < 0 ? all.filter((s) => s < at).at(-1) : all.find((s) => s > at);
  if (next !== undefined || by > 0) look(next);
};

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: 'Ctrl+Enter', says: 'Begin a run', is: command('enter', false), does: () => void begin() },
  {
    keys: 'P',
    says: 'Pause, and go on',
    is: plain('p'),
    does: () => {
      if (running()) void steer({ control: shown.value?.paused ? 'go' : 'pause' });
    },
  },
  {
    keys: 'S',
    says: 'One step of a paused run',
    is: plain('s'),
    does: () => void (running() && shown.value?.paused && steer({ control: 'step' })),
  },
  { keys: '[', says: 'Look at an earlier state', is: plain('['), does: stepBy(-1) },
  { keys: ']', says: 'Look at a later state', is: plain(']'), does: stepBy(1) },
  { keys: 'B', says: 'Paint', is: plain('b'), does: brushWith('brush') },
  { keys: 'E', says: 'Erase', is: plain('e'), does: brushWith('eraser') },
  {
    keys: 'K',
    says: 'Mark what stays as it is',
    is: (event) => plain('k')(event) && !event.shiftKey,
    does: brushWith('lock'),
  },
  {
    keys: 'Shift+K',
    says: 'Mark a box that stays as it is',
    is: (event) => plain('k')(event) && event.shiftKey,
    does: brushWith('box'),
  },
  { keys: 'W', says: 'Draw where something goes', is: plain('w'), does: drawPlace },
  {
    keys: 'Ctrl+Z',
    says: 'Take back a stroke, or else what was last chosen',
    is: command('z', false),
    does: () => (canPaint() && canUndo.value ? takeBack(false) : undoForm()),
  },
  {
    keys: 'Ctrl+Shift+Z',
    says: 'Do again what was taken back',
    is: command('z', true),
    does: () => (canPaint() && canRedo.value ? takeBack(true) : redoForm()),
  },
  { keys: '+', says: 'Larger', is: plain('+'), does: zoomIn },
  { keys: '-', says: 'Smaller', is: plain('-'), does: zoomOut },
  { keys: '0', says: 'Fit', is: plain('0'), does: fit },
  { keys: 'F', says: 'Full screen', is: plain('f'), does: fullScreen },
  {
    keys: '/',
    says: 'To the words',
    is: plain('/'),
    does: () => {
      place.value = 'words';
      folded.value = { ...folded.value, words: false };
      requestAnimationFrame(() => document.querySelector<HTMLElement>('#controls textarea, #controls input')?.focus());
    },
  },
  {
    keys: '?',
    says: 'These keys',
    is: plain('?'),
    does: () => {
      helping.value = true;
    },
  },
];

/** Whoever writes means letters. */
const writes = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    ['TEXTAREA', 'SELECT'].includes(target.tagName) ||
    (target instanceof HTMLInputElement && !BY_HAND.has(target.type)));
/** Inputs in which no letters are written. */
const BY_HAND = new Set(['radio', 'checkbox', 'range', 'color', 'file']);

export function hearKeys(): void {
  document.addEventListener('keydown', (event) => {
    const found = SHORTCUTS.find(({ is }) => is(event));
    const begins = found?.keys === 'Ctrl+Enter';
    if (!found || event.defaultPrevented || document.querySelector('dialog[open]') || (writes(event.target) && !begins))
      return;
    event.preventDefault();
    found.does();
  });
}
