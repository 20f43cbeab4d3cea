/** How much each part of the words counts, by sliders; a run that goes on is steered by them. */
import { mayTouch, set, steer } from '../desk.ts';
import { partsOf, weighed } from '../prompt-parts.ts';
import { shown, values } from '../state.ts';

const MOST = 3;

export function Dials() {
  const prompt = values.value['prompt'];
  if (typeof prompt !== 'string') return null;
  const parts = partsOf(prompt);
  if (parts.length < 2 || parts.some(({ words }) => words === '')) return null;
  const run = shown.value;
  const live = run?.state === 'running' && mayTouch(run);
  return (
    <fieldset class="field dials">
      <legend>How much each counts</legend>
      {parts.map(({ words, weight }, index) => (
        <label key={`${index} ${words}`} class="row">
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
        </label>
      ))}
    </fieldset>
  );
}
