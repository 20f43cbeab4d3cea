/** A place to drop pictures on, or to choose them, or to name a folder or an address. */
import { X } from 'lucide-preact';
import { useState } from 'preact/hooks';
import type { Field } from '../../server/wire.ts';
import { set, upload, uploaded } from '../desk.ts';
import { boards } from '../shelf.ts';
import { values } from '../state.ts';

/** Every picture of the shelf. */
const WHOLE_SHELF = 'shelf:';

/** Uploads carry eight random characters in front. */
export const shortName = (path: string): string =>
  (
    path
      .replace(/^(?:upload|shelf):(?=.)/, '')
      .split('/')
      .at(-1) ?? path
  ).replace(/^[0-9a-f]{8}-/, '');

export const picturesIn = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((v): v is string => typeof v === 'string') : [];

/** To be shown beside its name, where the page has it. */
export function pictureOf(path: string): string | undefined {
  const onShelf = /^shelf:(.+)$/.exec(path)?.[1];
  return onShelf === undefined ? uploaded.get(path) : `small/${encodeURIComponent(onShelf)}`;
}

/** The picture of the shelf that is dragged by its address. */
function shelfName(address: string): string | undefined {
  const name = /\/(?:small|gallery)\/([^/?#]+)$/.exec(address)?.[1];
  return name !== undefined && address.startsWith(location.origin) ? decodeURIComponent(name) : undefined;
}

export function PicturesField({ name, field }: { readonly name: string; readonly field: Field }) {
  const [over, setOver] = useState(false);
  const [busy, setBusy] = useState(0);
  const chosen = picturesIn(values.value[name]);
  const put = (next: readonly string[]): void => set(name, next.length > 0 ? next : undefined);
  const take = async (files: Iterable<File>): Promise<void> => {
    for (const file of files) {
      setBusy((n) => n + 1);
      const path = await upload(file);
      setBusy((n) => n - 1);
      if (path !== undefined) put([...picturesIn(values.value[name]), path]);
    }
  };
  return (
    <fieldset class="field">
      <legend>{field.title ?? name}</legend>
      <label
        class={over ? 'drop over' : 'drop'}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          event.stopPropagation();
          setOver(false);
          const onShelf = shelfName(event.dataTransfer?.getData('text/uri-list') ?? '');
          if (onShelf !== undefined) put([...chosen, `shelf:${onShelf}`]);
          else void take(event.dataTransfer?.files ?? []);
        }}
      >
        {busy > 0 ? 'Taking them…' : 'Drop pictures here, or choose them'}
        <input
          type="file"
          multiple
          accept="image/*"
          name={name}
          onChange={(event) => {
            const files = [...(event.currentTarget.files ?? [])];
            event.currentTarget.value = '';
            void take(files);
          }}
        />
      </label>
      <ul class="chosen">
        {chosen.slice(0, 6).map((path) => (
          <li key={path}>
            {pictureOf(path) && <img src={pictureOf(path)} alt="" width={32} height={32} />}
            <span>{path === WHOLE_SHELF ? 'All of my shelf' : shortName(path)}</span>
            <button
              type="button"
              class="icon"
              aria-label={`Leave out ${shortName(path)}`}
              onClick={() => put(chosen.filter((p) => p !== path))}
            >
              <X size={14} aria-hidden="true" />
            </button>
          </li>
        ))}
        {chosen.length > 6 && <li>and {chosen.length - 6} more</li>}
      </ul>
      {name === 'pictures' && !chosen.includes(WHOLE_SHELF) && (
        <button type="button" class="all" onClick={() => put([...chosen, WHOLE_SHELF])}>
          All of my shelf
        </button>
      )}
      <input
        type="text"
        aria-label={`${field.title ?? name}: a folder on the server, or an address`}
        placeholder="or a folder, a board, an address"
        list={`known-${name}`}
        onChange={(event) => {
          const text = event.currentTarget.value.trim();
          if (text !== '') put([...chosen, text]);
          event.currentTarget.value = '';
        }}
      />
      <datalist id={`known-${name}`}>
        <option value={WHOLE_SHELF}>all of the shelf</option>
        {boards.value.map((board) => (
          <option key={board.name} value={`board:${board.name}`} />
        ))}
      </datalist>
      {field.description && <small>{field.description}</small>}
    </fieldset>
  );
}
