/** What is looked for on the shelf: words, days, drawers, boards, favourites; or what pictures show. */
import { ScanSearch, Search, SquareCheck, Star } from 'lucide-preact';
import {
  boards,
  drawers,
  lookFor,
  lookNoMore,
  looks,
  narrow,
  picking,
  pickNone,
  query,
  sketched,
  TIMES,
} from '../shelf.ts';
import { IconButton } from './icons.tsx';

export function ShelfSearch() {
  const { words, starred, sketches, drawer, when, board } = query.value;
  return (
    <search class="search">
      <div class="words">
        <Search size={15} aria-hidden="true" />
        <input
          type="search"
          aria-label="Find a picture by its words"
          placeholder="moon"
          value={words}
          onInput={(event) => {
            lookNoMore();
            narrow({ words: event.currentTarget.value });
          }}
        />
        <IconButton
          icon={ScanSearch}
          name="Find by what pictures show"
          pressed={looks.value !== undefined}
          disabled={words.trim() === '' && !looks.value}
          onClick={() => (looks.value ? lookNoMore() : void lookFor(words.trim()))}
        />
        <IconButton
          icon={Star}
          name="Only favourites"
          pressed={starred}
          onClick={() => narrow({ starred: !starred })}
        />
        <IconButton
          icon={SquareCheck}
          name="Pick several"
          pressed={picking.value}
          onClick={() => {
            if (picking.value) pickNone();
            else picking.value = true;
          }}
        />
      </div>
      <div class="narrow">
        <select
          aria-label="When"
          value={when}
          onChange={(event) => {
            const found = TIMES.find(({ id }) => id === event.currentTarget.value);
            if (found) narrow({ when: found.id });
          }}
        >
          {TIMES.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
        {drawers.value.length > 0 && (
          <select
            aria-label="Drawn with"
            value={drawer}
            onChange={(event) => narrow({ drawer: event.currentTarget.value })}
          >
            <option value="">Any drawer</option>
            {drawers.value.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )}
        {(boards.value.length > 0 || board !== '') && (
          <select aria-label="Board" value={board} onChange={(event) => narrow({ board: event.currentTarget.value })}>
            <option value="">All boards</option>
            {boards.value.map(({ name, count }) => (
              <option key={name} value={name}>
                {name} ({count})
              </option>
            ))}
          </select>
        )}
        {(sketched.value > 0 || sketches) && (
          <label title="Small pictures of walls, which were tried out and not drawn out">
            <input
              type="checkbox"
              checked={sketches}
              onChange={(event) => narrow({ sketches: event.currentTarget.checked })}
            />
            <span>Sketches of walls ({sketched.value})</span>
          </label>
        )}
      </div>
    </search>
  );
}
