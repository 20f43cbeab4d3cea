/** Pulls beside the words: a dial for each; a run that goes on is steered by them. */
import { Pipette, X } from 'lucide-preact';
import type { Field } from '../../server/wire.ts';
import { paletteSchema } from '../../server/wire.ts';
import { mayTouch, set, steer } from '../desk.ts';
import { calledIn, coloursOf, type Pull, pullsOf, writtenPulls } from '../pulls.ts';
import { problem, shown, values } from '../state.ts';
import { IconButton } from './icons.tsx';

const MOST = 5;
/** How strongly the colours of a picture pull at first. */
const PALETTE_WEIGHT = 3;
const NOT_READ = { code: 'PICTURE_UNREADABLE', message: 'The colours of that picture could not be read.' };

async function paletteFrom(file: File): Promise<Pull | undefined> {
  const answer = await fetch('palette', {
    method: 'POST',
    body: file,
    headers: { 'content-type': 'application/octet-stream' },
  }).catch(() => undefined);
  const found = answer?.ok ? paletteSchema.safeParse(await answer.json()).data : undefined;
  if (!found) problem.value = NOT_READ;
  return found && { name: `palette[${found.colours.join(' ')}]`, weight: PALETTE_WEIGHT };
}

export function PullsField({ name, field }: { readonly name: string; readonly field: Field }) {
  const pulls = pullsOf(String(values.value[name] ?? ''));
  const put = (next: readonly Pull[]): void => set(name, next.length > 0 ? writtenPulls(next) : undefined);
  const add = (pull: Pull): void => put([...pulls.filter((p) => calledIn(p) !== calledIn(pull)), pull]);
  const run = shown.value;
  const live = run?.state === 'running' && mayTouch(run);
  const left = Object.entries(field.choices ?? {}).filter(([id]) => !pulls.some((p) => calledIn(p) === id));
  return (
    <fieldset class="field dials pulls">
      <legend>{field.title ?? name}</legend>
      {pulls.map((pull, index) => (
        <div key={pull.name} class="row" title={field.choices?.[calledIn(pull)] ?? pull.name}>
          <span>
            {coloursOf(pull).length > 0
              ? coloursOf(pull).map((colour) => <i class="swatch" style={{ background: colour }} title={colour} />)
              : pull.name}
          </span>
          <input
            type="range"
            aria-label={`Weight of ${calledIn(pull)}`}
            min={-1}
            max={MOST}
            step={0.1}
            value={pull.weight}
            onInput={(event) =>
              put(pulls.map((p, i) => (i === index ? { ...p, weight: event.currentTarget.valueAsNumber } : p)))
            }
            onChange={(event) => {
              if (live) void steer({ weights: { [calledIn(pull)]: event.currentTarget.valueAsNumber } });
            }}
          />
          <output>{pull.weight}</output>
          <IconButton icon={X} name={`No ${calledIn(pull)}`} onClick={() => put(pulls.filter((_, i) => i !== index))} />
        </div>
      ))}
      <div class="add">
        {left.length > 0 && (
          <select
            id={`field-${name}`}
            aria-label="Add a pull"
            value=""
            onChange={(event) => {
              const { value } = event.currentTarget;
              event.currentTarget.value = '';
              if (value !== '') add({ name: value, weight: 1 });
            }}
          >
            <option value="">Add…</option>
            {left.map(([id, says]) => (
              <option key={id} value={id}>
                {id}: {says}
              </option>
            ))}
          </select>
        )}
        <label class="file" title="The drawing keeps to the colours of a picture">
          <Pipette size={15} aria-hidden="true" /> Colours of a picture
          <input
            type="file"
            accept="image/*"
            onChange={async (event) => {
              const [file] = event.currentTarget.files ?? [];
              event.currentTarget.value = '';
              const found = file && (await paletteFrom(file));
              if (found) add(found);
            }}
          />
        </label>
      </div>
    </fieldset>
  );
}
