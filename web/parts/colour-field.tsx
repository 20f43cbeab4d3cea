/** A colour, or none. */
import { X } from 'lucide-preact';
import type { Field } from '../../server/wire.ts';
import { set } from '../desk.ts';
import { values } from '../state.ts';
import { IconButton } from './icons.tsx';

/** What the control shows where none is chosen. */
const PAPER = '#faf7f0';

export function ColourField({ name, field }: { readonly name: string; readonly field: Field }) {
  const value = values.value[name] ?? field.default;
  const chosen = typeof value === 'string' && value !== '' ? value : undefined;
  return (
    <div class="field row" title={field.description}>
      <label for={`field-${name}`}>{field.title ?? name}</label>
      <input
        id={`field-${name}`}
        type="color"
        value={chosen ?? PAPER}
        onInput={(event) => set(name, event.currentTarget.value)}
      />
      {chosen === undefined ? (
        <small>as usual</small>
      ) : (
        <IconButton icon={X} name={`${field.title ?? name} as usual`} onClick={() => set(name, undefined)} />
      )}
    </div>
  );
}
