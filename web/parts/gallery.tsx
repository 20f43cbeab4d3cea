/** The shelf of finished pictures, newest first, day by day. */
import { Star } from 'lucide-preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Shelved } from '../../server/wire.ts';
import {
  found,
  handOver,
  looks,
  more,
  pick,
  picked,
  picking,
  pickTo,
  query,
  showNew,
  total,
  waiting,
} from '../shelf.ts';
import { comparing, told, view } from '../state.ts';
import { ShelfPicked } from './shelf-picked.tsx';
import { ShelfSearch } from './shelf-search.tsx';

const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const YEAR = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const HALF_YEAR_MS = 182 * 24 * 3600 * 1000;

function dayOf(at: number): string {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / (24 * 3600 * 1000));
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return (Date.now() - at < HALF_YEAR_MS ? DAY : YEAR).format(at);
}

/** Pictures that follow each other and are of one day. */
function byDay(pictures: readonly Shelved[]): { readonly day: string; readonly pictures: Shelved[] }[] {
  const days: { day: string; pictures: Shelved[] }[] = [];
  for (const picture of pictures) {
    const day = dayOf(picture.at);
    const last = days.at(-1);
    if (last?.day === day) last.pictures.push(picture);
    else days.push({ day, pictures: [picture] });
  }
  return days;
}

function Tile({ picture }: { readonly picture: Shelved }) {
  const isPicked = picked.value.has(picture.name);
  const { title, words = title } = picture;
  return (
    <button
      type="button"
      title={words}
      {...(picking.value ? { 'aria-pressed': isPicked } : {})}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey) picking.value = true;
        if (!picking.value) view(picture);
        else if (event.shiftKey) pickTo(picture.name);
        else pick(picture.name, !isPicked);
      }}
    >
      <img src={picture.small.slice(1)} alt={title} loading="lazy" width={96} height={96} />
      {picture.starred && <Star size={13} class="starred" aria-label="favourite" />}
    </button>
  );
}

function Nothing() {
  const { words, starred, drawer, when, board } = query.value;
  const all = words === '' && !starred && drawer === '' && when === 'any' && board === '';
  return <p class="quiet">{all && !looks.value ? 'Finished pictures gather here.' : 'There is no such picture.'}</p>;
}

/** Whether a run looks for pictures still, or why it did not work. */
function Looking() {
  const now = looks.value;
  const run = now && told.get(now.job);
  if (!now || found.value) return null;
  return (
    <p class="quiet" role="status">
      {run?.error ? run.error.message : `Looking for “${now.words}”…`}
    </p>
  );
}

export function Gallery() {
  const end = useRef<HTMLDivElement>(null);
  const pictures = found.value;
  const count = pictures?.length ?? 0;
  useEffect(() => {
    if (!end.current || looks.value || count >= total.value) return undefined;
    const seen = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) void more(count);
    });
    seen.observe(end.current);
    return () => seen.disconnect();
  }, [count, total.value, looks.value]);
  const days = looks.value ? [{ day: 'The closest first', pictures: pictures ?? [] }] : byDay(pictures ?? []);
  return (
    <section id="shelf-pictures" aria-label="Finished pictures">
      <h2>
        Shelf <span class="quiet">{total.value > 0 ? total.value : ''}</span>
      </h2>
      <ShelfSearch />
      {comparing.value && (
        <p class="comparing" role="status">
          Choose what “{comparing.value.title}” is compared with.{' '}
          <button
            type="button"
            onClick={() => {
              comparing.value = undefined;
            }}
          >
            Leave it
          </button>
        </p>
      )}
      <Looking />
      {pictures?.length === 0 && <Nothing />}
      {waiting.value && (
        <button type="button" id="new-pictures" onClick={showNew}>
          There is something new: show it
        </button>
      )}
      <div
        id="gallery"
        onPointerEnter={({ pointerType }) => {
          handOver.value = pointerType === 'mouse';
        }}
        onPointerLeave={() => {
          handOver.value = false;
        }}
      >
        {days.map(
          ({ day, pictures: own }) =>
            own.length > 0 && (
              <section key={day} aria-label={day}>
                <h3 class="quiet">{day}</h3>
                <div class="tiles">
                  {own.map((picture) => (
                    <Tile key={picture.name} picture={picture} />
                  ))}
                </div>
              </section>
            ),
        )}
      </div>
      <div ref={end} />
      <ShelfPicked />
    </section>
  );
}
