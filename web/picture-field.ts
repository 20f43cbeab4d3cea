/** A place to drop pictures on, or to choose them, or to name a folder or an address. */
import { make } from './element.ts';

export interface PictureField {
  readonly element: HTMLElement;
  values(): string[];
}

export function pictureField(name: string, upload: (file: File) => Promise<string | undefined>): PictureField {
  const chosen: { readonly value: string; readonly label: string }[] = [];
  const list = make('ul', { className: 'chosen' });
  const show = (): void => {
    const few = chosen.slice(0, 6).map((entry) => {
      const remove = make('button', { type: 'button', textContent: '×', title: `Leave out ${entry.label}` });
      remove.addEventListener('click', () => {
        chosen.splice(chosen.indexOf(entry), 1);
        show();
      });
      return make('li', {}, entry.label, remove);
    });
    list.replaceChildren(
      ...few,
      ...(chosen.length > few.length ? [make('li', { textContent: `and ${chosen.length - few.length} more` })] : []),
    );
  };
  const take = async (files: Iterable<File>): Promise<void> => {
    for (const file of files) {
      const value = await upload(file);
      if (value) chosen.push({ value, label: file.name });
      show();
    }
  };
  const input = make('input', { type: 'file', multiple: true, accept: 'image/*', name });
  input.addEventListener('change', () => void take(input.files ?? []));
  const drop = make('label', { className: 'drop' }, 'Drop pictures here, or choose them', input);
  drop.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    void take(event.dataTransfer?.files ?? []);
  });
  const typed = make('input', {
    type: 'text',
    placeholder: 'or a folder on the server, or an address',
    ariaLabel: `${name}: a folder or an address`,
  });
  return {
    element: make('div', {}, drop, list, typed),
    values: () => [...chosen.map((c) => c.value), ...(typed.value.trim() ? [typed.value.trim()] : [])],
  };
}
