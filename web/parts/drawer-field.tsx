/** Drawers, chosen from pictures of what they draw. */
import { useState } from 'preact/hooks';
import type { Field } from '../../server/wire.ts';
import { set } from '../desk.ts';
import { values } from '../state.ts';

/** What it draws, or the first letter of one of whose drawing there is no picture. */
function Drawn({ drawer, title }: { readonly drawer: string; readonly title: string }) {
  const [missing, setMissing] = useState(false);
  if (missing)
    return (
      <span class="letter" aria-hidden="true">
        {title[0]}
      </span>
    );
  return <img src={`drawers/${drawer}.webp`} alt="" width={72} height={72} onError={() => setMissing(true)} />;
}

export function DrawerField({ name, field }: { readonly name: string; readonly field: Field }) {
  const value = values.value[name] ?? field.default;
  return (
    <fieldset class="field drawers">
      <legend>{field.title ?? name}</legend>
      <div>
        {field.enum?.map((drawer) => (
          <label key={drawer} title={field.choices?.[drawer] ?? drawer}>
            <input
              type="radio"
              name={name}
              value={drawer}
              checked={value === drawer}
              onChange={() => set(name, drawer)}
            />
            <Drawn drawer={drawer} title={field.choices?.[drawer] ?? drawer} />
            <span>{drawer}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
