/** Brushes for the drawing that is being made. */
import { Brush, Eraser, Lock, Redo2, SquareDashed, Trash2, Undo2 } from 'lucide-preact';
import { canPaint, clearLayers, takeBack } from '../layers.ts';
import { canRedo, canUndo } from '../painting.ts';
import { brush, brushing, tool } from '../state.ts';
import { IconButton } from './icons.tsx';

const TOOLS = [
  { id: 'brush', icon: Brush, name: 'Paint', shortcut: 'B' },
  { id: 'eraser', icon: Eraser, name: 'Erase', shortcut: 'E' },
  { id: 'lock', icon: Lock, name: 'Keep', shortcut: 'K' },
  { id: 'box', icon: SquareDashed, name: 'Keep a box', shortcut: 'Shift+K' },
] as const;

export function Brushes() {
  if (!canPaint()) return null;
  return (
    <fieldset
      id="brushes"
      aria-label="Paint on the drawing"
      class={brushing.value || canUndo.value || canRedo.value ? 'paints' : ''}
    >
      {TOOLS.map(({ id, icon, name, shortcut }) => (
        <IconButton
          key={id}
          icon={icon}
          name={name}
          shortcut={shortcut}
          pressed={tool.value === id}
          onClick={() => {
            tool.value = tool.value === id ? undefined : id;
          }}
        />
      ))}
      <input
        id="brush-colour"
        type="color"
        aria-label="Colour of the brush"
        value={brush.value.colour}
        onInput={(event) => {
          brush.value = { ...brush.value, colour: event.currentTarget.value };
        }}
      />
      <input
        type="range"
        aria-label="Width of the brush"
        title="Width of the brush"
        min={0.008}
        max={0.16}
        step={0.002}
        value={brush.value.width}
        onInput={(event) => {
          brush.value = { ...brush.value, width: event.currentTarget.valueAsNumber };
        }}
      />
      <span class="after">
        <IconButton
          icon={Undo2}
          name="Take back"
          shortcut="Ctrl+Z"
          disabled={!canUndo.value}
          onClick={() => takeBack(false)}
        />
        <IconButton
          icon={Redo2}
          name="Again"
          shortcut="Ctrl+Shift+Z"
          disabled={!canRedo.value}
          onClick={() => takeBack(true)}
        />
        <IconButton icon={Trash2} name="Clear" disabled={!canUndo.value} onClick={() => void clearLayers()} />
      </span>
    </fieldset>
  );
}
