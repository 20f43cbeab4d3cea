/** Controls made from a plugin's schema, each labelled and usable by keyboard. */
import { Dices, Lock, LockOpen, RotateCcw } from 'lucide-preact';
import type { Field, WirePlugin } from '../../server/wire.ts';
import { set } from '../desk.ts';
import { chancedSeed } from '../seed.ts';
import { seedLocked, type Values, values } from '../state.ts';
import { ColourField } from './colour-field.tsx';
import { DrawerField } from './drawer-field.tsx';
import { IconButton } from './icons.tsx';
import { PicturesField } from './pictures-field.tsx';
import { Prompt } from './prompt.tsx';
import { PullsField } from './pulls-field.tsx';

interface Of {
  readonly name: string;
  readonly field: Field;
}

const title = ({ name, field }: Of): string => field.title ?? name;
const chosenFor = ({ name, field }: Of): unknown => values.value[name] ?? field.default;
/** A hand can sweep such a range. */
const isSwept = ({ minimum, maximum }: Field): boolean =>
  minimum !== undefined && maximum !== undefined && maximum - minimum <= 10_000;

function NumberField({ name, field }: Of) {
  const { minimum, maximum, type } = field;
  const value = Number(chosenFor({ name, field }) ?? minimum ?? 0);
  const step = type === 'integer' ? 1 : 'any';
  const take = (event: { readonly currentTarget: HTMLInputElement }): void => {
    const { valueAsNumber, value: text } = event.currentTarget;
    set(name, text === '' || Number.isNaN(valueAsNumber) ? undefined : valueAsNumber);
  };
  const fine = type === 'integer' || maximum === undefined || minimum === undefined ? step : (maximum - minimum) / 200;
  return (
    <div class="field row amount" title={field.description}>
      <label for={`field-${name}`}>{title({ name, field })}</label>
      {isSwept(field) ? (
        <input
          type="range"
          aria-label={`${title({ name, field })}, by a slider`}
          min={minimum}
          max={maximum}
          step={fine}
          value={value}
          onInput={take}
        />
      ) : (
        <span />
      )}
      <input
        id={`field-${name}`}
        type="number"
        min={minimum}
        max={maximum}
        step={step}
        value={type === 'integer' ? value : Number(value.toFixed(4))}
        onChange={take}
      />
      <Reset name={name} field={field} />
    </div>
  );
}

/** Back to what it is by itself. */
function Reset({ name, field }: Of) {
  const own = values.value[name];
  const isOther = own !== undefined && own !== field.default;
  return (
    <span class="reset">
      {isOther && (
        <IconButton icon={RotateCcw} name={`${title({ name, field })} as usual`} onClick={() => set(name, undefined)} />
      )}
    </span>
  );
}

function SeedField({ name, field }: Of) {
  const locked = seedLocked.value;
  return (
    <div class="field row seed" title={field.description}>
      <label for={`field-${name}`}>{title({ name, field })}</label>
      <input
        id={`field-${name}`}
        type="number"
        min={field.minimum}
        max={field.maximum}
        step={1}
        value={Number(chosenFor({ name, field }) ?? 1)}
        onChange={(event) =>
          set(name, event.currentTarget.value === '' ? undefined : event.currentTarget.valueAsNumber)
        }
      />
      <IconButton icon={Dices} name="Another seed by chance" onClick={() => set(name, chancedSeed())} />
      <IconButton
        icon={locked ? Lock : LockOpen}
        name="The same seed for every run"
        pressed={locked}
        onClick={() => {
          seedLocked.value = !locked;
        }}
      />
    </div>
  );
}

function ChoiceField({ name, field }: Of) {
  return (
    <div class="field row" title={field.description}>
      <label for={`field-${name}`}>{title({ name, field })}</label>
      <select
        id={`field-${name}`}
        value={String(chosenFor({ name, field }) ?? '')}
        onChange={(event) => set(name, event.currentTarget.value)}
      >
        {field.enum?.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    </div>
  );
}

function SwitchField({ name, field }: Of) {
  return (
    <label class="field row switch" title={field.description}>
      <span>{title({ name, field })}</span>
      <input
        type="checkbox"
        checked={chosenFor({ name, field }) === true}
        onChange={(event) => set(name, event.currentTarget.checked)}
      />
    </label>
  );
}

/** What stands between commas. */
const listed = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

function TextField({ name, field }: Of) {
  const value = chosenFor({ name, field });
  const isList = field.type === 'array';
  return (
    <div class="field">
      <label for={`field-${name}`}>{title({ name, field })}</label>
      <input
        id={`field-${name}`}
        type="text"
        value={Array.isArray(value) ? value.join(', ') : String(value ?? '')}
        placeholder={isList ? 'one, another' : ''}
        onChange={(event) => {
          const text = event.currentTarget.value;
          set(name, isList ? listed(text) : text);
        }}
      />
      {field.description && <small>{field.description}</small>}
    </div>
  );
}

function Control({ name, field }: Of) {
  if (field.control === 'prompt') return <Prompt name={name} field={field} />;
  if (field.control === 'pictures') return <PicturesField name={name} field={field} />;
  if (field.control === 'pulls') return <PullsField name={name} field={field} />;
  if (field.control === 'colour') return <ColourField name={name} field={field} />;
  if (field.control === 'seed') return <SeedField name={name} field={field} />;
  if (name === 'drawer' && field.enum) return <DrawerField name={name} field={field} />;
  if (field.enum) return <ChoiceField name={name} field={field} />;
  if (field.type === 'boolean') return <SwitchField name={name} field={field} />;
  if (field.type === 'number' || field.type === 'integer') return <NumberField name={name} field={field} />;
  return <TextField name={name} field={field} />;
}

/** Whether a field matters with what else was chosen. */
function matters({ only }: Field, fields: WirePlugin['parameters']['properties'], given: Values): boolean {
  return Object.entries(only ?? {}).every(([other, wanted]) => {
    const value = given[other] ?? fields[other]?.default;
    return typeof value === 'string' && wanted.includes(value);
  });
}

export function Fields({ plugin }: { readonly plugin: WirePlugin }) {
  const { properties } = plugin.parameters;
  const seen = Object.entries(properties).filter(([, field]) => matters(field, properties, values.value));
  // Pictures that a run is to begin from are in sight wherever they came from.
  const isFar = ([name, field]: [string, Field]): boolean =>
    (field.advanced ?? false) && !(field.control === 'pictures' && values.value[name] !== undefined);
  const [near, far] = [false, true].map((advanced) => seen.filter((one) => isFar(one) === advanced));
  return (
    <>
      {near?.map(([name, field]) => (
        <Control key={`${plugin.id} ${name}`} name={name} field={field} />
      ))}
      {far && far.length > 0 && (
        <details class="more" id="more">
          <summary>More</summary>
          {far.map(([name, field]) => (
            <Control key={`${plugin.id} ${name}`} name={name} field={field} />
          ))}
        </details>
      )}
    </>
  );
}
