/** The shelf of finished pictures, newest first, page by page, by words and by stars. */
import { Search, Star } from 'lucide-preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Shelved, shelfSchema } from '../../server/wire.ts';
import { beside, comparing, shelved, viewed } from '../state.ts';
import { IconButton } from './icons.tsx';

const PAGE = 60;

async function pageOf(words: string, starred: boolean, offset: number) {
  const query = new URLSearchParams({ words, starred: String(starred), offset: String(offset), limit: String(PAGE) });
  const answer = await fetch(`shelf?${query}`).catch(() => undefined);
  return answer?.ok ? shelfSchema.safeParse(await answer.json()).data : undefined;
}

function view(picture: Shelved): void {
  const first = comparing.value;
  comparing.value = undefined;
  beside.value = first ? picture : undefined;
  viewed.value = first ?? picture;
}

export function Gallery() {
  const [words, setWords] = useState('');
  const [starred, setStarred] = useState(false);
  const [pictures, setPictures] = useState<readonly Shelved[] | undefined>(undefined);
  const [total, setTotal] = useState(0);
  const end = useRef<HTMLDivElement>(null);
  const asking = useRef(0);
  const more = async (from: number): Promise<void> => {
    const turn = ++asking.current;
    const page = await pageOf(words, starred, from);
    if (!page || turn !== asking.current) return;
    setTotal(page.total);
    setPictures((before = []) => (from === 0 ? page.pictures : [...before.slice(0, from), ...page.pictures]));
  };
  const grown = shelved.value;
  useEffect(() => void more(0), [words, starred, grown]);
  const count = pictures?.length ?? 0;
  useEffect(() => {
    if (!end.current || count >= total) return undefined;
    const seen = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) void more(count);
    });
    seen.observe(end.current);
    return () => seen.disconnect();
  }, [count, total]);
  return (
    <section id="shelf-pictures" aria-label="Finished pictures">
      <h2>
        Shelf <span class="quiet">{total > 0 ? total : ''}</span>
      </h2>
      <div class="search">
        <Search size={15} aria-hidden="true" />
        <input
          type="search"
          aria-label="Find a picture by its words"
          placeholder="moon"
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
        <IconButton icon={Star} name="Only favourites" pressed={starred} onClick={() => setStarred(!starred)} />
      </div>
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
      {pictures?.length === 0 && (
        <p class="quiet">{words || starred ? 'There is no such picture.' : 'Finished pictures gather here.'}</p>
      )}
      <div id="gallery">
        {pictures?.map((picture) => (
          <button key={picture.name} type="button" title={picture.title} onClick={() => view(picture)}>
            <img src={picture.small.slice(1)} alt={picture.title} loading="lazy" width={96} height={96} />
            {picture.starred && <Star size={13} class="starred" aria-label="favourite" />}
          </button>
        ))}
      </div>
      <div ref={end} />
    </section>
  );
}
