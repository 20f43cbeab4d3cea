/** What can be done with several pictures at once. */
import { Columns2, Star, Trash2 } from 'lucide-preact';
import { useState } from 'preact/hooks';
import { mark, putOn } from '../pictures.ts';
import { boards, found, picked, picking, pickNone, query } from '../shelf.ts';
import { beside, viewed } from '../state.ts';

/** A board of before, or another. */
function Boards({ names }: { readonly names: readonly string[] }) {
  const [board, setBoard] = useState('');
  const put = (): void => {
    if (board.trim() !== '') void putOn(board.trim(), names, true);
    setBoard('');
    pickNone();
  };
  return (
    <span class="add">
      <input
        type="text"
        aria-label="Board"
        placeholder="a board"
        list="boards"
        maxLength={80}
        value={board}
        onInput={(event) => setBoard(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Enter' && put()}
      />
      <datalist id="boards">
        {boards.value.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <button type="button" onClick={put}>
        Put on it
      </button>
    </span>
  );
}

export function ShelfPicked() {
  if (!picking.value) return null;
  const names = [...picked.value];
  const pictures = (found.value ?? []).filter(({ name }) => picked.value.has(name));
  const { board } = query.value;
  const [first, second] = pictures;
  if (names.length === 0)
    return (
      <p class="quiet" role="status">
        Pick pictures; with Shift, all from the last one.
      </p>
    );
  const starred = pictures.every((p) => p.starred);
  return (
    <fieldset id="picked" aria-label="What is picked">
      <p role="status">{names.length === 1 ? 'One is picked.' : `${names.length} are picked.`}</p>
      <div class="do">
        <button type="button" onClick={() => void mark(names, 'star', !starred)}>
          <Star size={15} aria-hidden="true" /> {starred ? 'No favourites' : 'Favourites'}
        </button>
        {pictures.length === 2 && (
          <button
            type="button"
            onClick={() => {
              beside.value = second;
              viewed.value = first;
              pickNone();
            }}
          >
            <Columns2 size={15} aria-hidden="true" /> Compare
          </button>
        )}
        <button
          type="button"
          onClick={() => {
            void mark(names, 'away', true);
            pickNone();
          }}
        >
          <Trash2 size={15} aria-hidden="true" /> Put away
        </button>
        {board !== '' && (
          <button
            type="button"
            onClick={() => {
              void putOn(board, names, false);
              pickNone();
            }}
          >
            Off this board
          </button>
        )}
      </div>
      <Boards names={names} />
    </fieldset>
  );
}
