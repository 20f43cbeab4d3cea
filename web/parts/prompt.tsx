/** The words: a text field in which weights, places and changes have colours, with what was written before. */
import { useRef } from 'preact/hooks';
import type { Field } from '../../server/wire.ts';
import { begin, set } from '../desk.ts';
import { piecesOf, upTo } from '../prompt-parts.ts';
import { reading } from '../reading.ts';
import { chosen, promptsBefore, values } from '../state.ts';
import { Dials } from './dials.tsx';

/** What the words are is seen just above. */
const NAMED = /^The prompt ".*" cannot be read: /s;

export function Prompt({ name, field }: { readonly name: string; readonly field: Field }) {
  const behind = useRef<HTMLDivElement>(null);
  const text = String(values.value[name] ?? '');
  const wrong = reading.value?.of === text ? reading.value.problem : undefined;
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
          {upTo(piecesOf(text), wrong?.at).map(({ kind, text: piece, wrong: is }) => (
            <span class={is ? `${kind} wrong` : kind}>{piece}</span>
          ))}{' '}
        </div>
        <textarea
          id={`field-${name}`}
          name={name}
          rows={4}
          maxLength={2000}
          placeholder="a red fox in the snow"
          value={text}
          aria-describedby={wrong ? `wrong-${name}` : undefined}
          aria-invalid={wrong !== undefined}
          onInput={(event) => set(name, event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onScroll={(event) => behind.current?.scrollTo(0, event.currentTarget.scrollTop)}
        />
      </div>
      {wrong && (
        <p class="wrong-words" id={`wrong-${name}`} role="status" data-code={wrong.code}>
          {wrong.message.replace(NAMED, '')}
        </p>
      )}
      <details class="before">
        <summary>What can be written</summary>
        <small>{field.description}</small>
      </details>
      {chosen.value?.steerable && <Dials />}
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
