/** Drawers, chosen from pictures of what they draw. */
import type { Field } from '../../server/wire.ts';
import { set } from '../desk.ts';
import { values } from '../state.ts';

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
            <img
              src={`drawers/${drawer}.webp`}
              alt=""
              width={72}
              height={72}
              onError={(event) => event.currentTarget.classList.add('missing')}
            />
            <span>{drawer}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
