/** How much each part of the words counts, by sliders; a run that goes on is steered by them. */

import { SquareDashed } from 'lucide-preact';
import { mayTouch, set, steer } from '../desk.ts';
import { MIDDLE, written as writtenWith } from '../places.ts';
import { partsOf, weighed } from '../prompt-parts.ts';
import { reading } from '../reading.ts';
import { place, shown, values } from '../state.ts';
import { IconButton } from './icons.tsx';

const MOST = 3;

/** Gives a part a place of its own on the canvas, or takes it away. */
function Where({ index, words }: { readonly index: number; readonly words: string }) {
  const { parts, of } = reading.value ?? {};
  const part = parts?.[index];
  // Wildcards are read as one of their choices: they are written by hand.
  if (!parts || !part || of !== values.value['prompt'] || of?.includes('{')) return null;
  const { place: own, ...free } = part;
  return (
    <IconButton
      icon={SquareDashed}
      name={own ? `Anywhere: ${words}` : `A place on the canvas: ${words}`}
      pressed={own !== undefined}
      onClick={() => {
        const next = parts.map((p, i) => (i !== index ? p : own ? free : { ...p, place: MIDDLE }));
        set('prompt', writtenWith(next));
        if (!own) place.value = 'canvas';
      }}
    />
  );
}

export function Dials() {
  const prompt = values.value['prompt'];
  if (typeof prompt !== 'string') return null;
  const parts = partsOf(prompt);
  if (parts.length < 2 || parts.some(({ words }) => words === '')) return null;
  const run = shown.value;
  const live = run?.state === 'running' && mayTouch(run);
  return (
    <fieldset class="field dials weights">
      <legend>How much each counts</legend>
      {parts.map(({ words, weight }, index) => (
        <div key={`${index} ${words}`} class="row">
          <span>{words}</span>
          <input
            type="range"
            aria-label={`Weight of ${words}`}
            min={-1}
            max={MOST}
            step={0.1}
            value={weight}
            onInput={(event) => set('prompt', weighed(prompt, index, event.currentTarget.valueAsNumber))}
            onChange={(event) => {
              if (live) void steer({ prompt: weighed(prompt, index, event.currentTarget.valueAsNumber) });
            }}
          />
          <output>{weight}</output>
          <Where index={index} words={words} />
        </div>
      ))}
    </fieldset>
  );
}
