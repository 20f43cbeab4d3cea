/** Controls made from a plugin's schema: prompts and pictures as large fields, everything else as a pane of sliders and lists. */
import { Pane } from 'tweakpane';
import type { Field, WirePlugin } from '../server/wire.ts';
import { make } from './element.ts';
import { pictureField } from './picture-field.ts';

export interface Controls {
  /** What was chosen; fields left empty are left out. */
  values(): Record<string, unknown>;
  dispose(): void;
}

type Upload = (file: File) => Promise<string | undefined>;

function labelled(name: string, field: Field, control: HTMLElement): HTMLElement {
  const title = field.title ?? name;
  return make(
    'label',
    { className: 'field' },
    make('span', { textContent: title }),
    control,
    ...(field.description ? [make('small', { textContent: field.description })] : []),
  );
}

/** The value that a pane starts with; panes need one of the right type. */
function initial(field: Field): unknown {
  if (field.type === 'array') return Array.isArray(field.default) ? field.default.join(', ') : '';
  return field.default ?? (field.type === 'boolean' ? false : field.type === 'string' ? '' : (field.minimum ?? 0));
}

/** What stands between commas. */
const listed = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** A slider where the range is one that a hand can sweep. */
function options(field: Field): Record<string, unknown> {
  if (field.enum) return { options: Object.fromEntries(field.enum.map((v) => [v, v])) };
  if (field.type !== 'number' && field.type !== 'integer') return {};
  const whole = field.type === 'integer' ? { step: 1, format: (v: number) => String(Math.round(v)) } : {};
  const { minimum, maximum } = field;
  return minimum !== undefined && maximum !== undefined && maximum <= 10_000
    ? { ...whole, min: minimum, max: maximum }
    : whole;
}

export function createControls(place: HTMLElement, plugin: WirePlugin, upload: Upload): Controls {
  place.replaceChildren();
  const getters = new Map<string, () => unknown>();
  const paneValues: Record<string, unknown> = {};
  const entries = Object.entries(plugin.parameters.properties);
  // Pictures that few runs want are folded away below the others.
  const folded = make('details', { className: 'field' }, make('summary', { textContent: 'From pictures' }));
  for (const [name, field] of entries) {
    if (field.control === 'prompt') {
      const area = make('textarea', { name, rows: 3, placeholder: 'a red heart', spellcheck: true });
      getters.set(name, () => area.value.trim() || undefined);
      place.append(labelled(name, field, area));
    } else if (field.control === 'pictures') {
      const pictures = pictureField(name, upload);
      getters.set(name, () => (pictures.values().length > 0 ? pictures.values() : undefined));
      (field.advanced ? folded : place).append(
        make(
          'div',
          { className: 'field' },
          make('span', { textContent: field.title ?? name }),
          pictures.element,
          ...(field.description ? [make('small', { textContent: field.description })] : []),
        ),
      );
    }
  }
  const small = entries
    .filter(([name]) => !getters.has(name))
    .sort(([, a], [, b]) => Number(a.advanced ?? false) - Number(b.advanced ?? false));
  const box = make('div', { className: 'panes' });
  place.append(...(folded.childElementCount > 1 ? [folded] : []), box);
  const pane = new Pane({ container: box });
  let more: Pane | ReturnType<Pane['addFolder']> | undefined;
  const folderFor = (field: Field) => {
    if (!field.advanced) return pane;
    more ??= pane.addFolder({ title: 'More', expanded: false });
    return more;
  };
  for (const [name, field] of small) {
    paneValues[name] = initial(field);
    const binding = folderFor(field).addBinding(paneValues, name, {
      label: field.title ?? name,
      ...options(field),
    });
    binding.element.title = field.description ?? '';
    getters.set(name, () => {
      const value = paneValues[name];
      if (value === '') return undefined;
      return field.type === 'array' ? listed(String(value)) : value;
    });
  }
  return {
    values: () =>
      Object.fromEntries(
        [...getters].map(([name, get]) => [name, get()] as const).filter(([, value]) => value !== undefined),
      ),
    dispose: () => pane.dispose(),
  };
}
