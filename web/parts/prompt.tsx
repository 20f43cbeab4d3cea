/** The words: a text field in which weights, places and changes have colours, with what was written before. */
import { useRef } from 'preact/hooks';
import type { Field } from '../../server/wire.ts';
import { begin, set } from '../desk.ts';
import { piecesOf } from '../prompt-parts.ts';
import { promptsBefore, values } from '../state.ts';

export function Prompt({ name, field }: { readonly name: string; readonly field: Field }) {
  const behind = useRef<HTMLDivElement>(null);
  const text = String(values.value[name] ?? '');
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    void begin();
  };
  return (
    <div class="field">
      <label for={`field-${name}`}>{field.title ?? name}</label>
      <div class="prompt">
        <div class="colours" aria-hidden="true" ref={behind}>
          {piecesOf(text).map(({ kind, text: piece }) => (
            <span class={kind}>{piece}</span>
          ))}{' '}
        </div>
        <textarea
          id={`field-${name}`}
          name={name}
          rows={4}
          maxLength={2000}
          placeholder="a red fox in the snow"
          value={text}
          aria-describedby={`about-${name}`}
          onInput={(event) => set(name, event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onScroll={(event) => behind.current?.scrollTo(0, event.currentTarget.scrollTop)}
        />
      </div>
      <small id={`about-${name}`}>{field.description}</small>
      {promptsBefore.value.length > 0 && (
        <details class="before">
          <summary>Written before</summary>
          <ul>
            {promptsBefore.value.slice(0, 12).map((before) => (
              <li key={before}>
                <button type="button" onClick={() => set(name, before)}>
                  {before}
                </button>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
