/** The wall of variations: all grow side by side, some are liked, and the next wall grows from those. */
import { Heart, Play, X } from 'lucide-preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { drawOut, explore, stopWall, wallGrows } from '../desk.ts';
import { viewShelved } from '../shelf.ts';
import { isGoing, revision, told, written } from '../state.ts';
import { frameAddress, LAST_STEP } from '../trail.ts';
import { byTaste, exploring, liked, SIZES, type Tile, wall } from '../wall.ts';
import { IconButton } from './icons.tsx';

/** How well a finished tile fits its words, by the eye that judges; nothing while it is drawn. */
function fitOf({ job }: Tile): number | undefined {
  const run = told.get(job);
  if (!run || isGoing(run)) return undefined;
  return Object.values(run.chart.at(-1)?.series ?? {})[0];
}
/** The tile that fits best of those that are finished, where there are several. */
function bestOf(tiles: readonly Tile[]): string | undefined {
  const fits = tiles.flatMap((tile) => {
    const fit = fitOf(tile);
    return fit === undefined ? [] : [{ job: tile.job, fit }];
  });
  return fits.length < 2 ? undefined : fits.reduce((a, b) => (b.fit > a.fit ? b : a)).job;
}

function Drawing({ tile, fitsBest }: { readonly tile: Tile; readonly fitsBest: boolean }) {
  const element = useRef<HTMLCanvasElement>(null);
  void revision.value;
  const run = told.get(tile.job);
  const { frame } = run ?? {};
  useEffect(() => {
    let stale = false;
    if (frame)
      // The schema has checked that these are bytes.
      void createImageBitmap(new Blob([frame.bytes as BlobPart], { type: frame.mime })).then((bitmap) => {
        const { current } = element;
        if (stale || !current) return;
        Object.assign(current, { width: bitmap.width, height: bitmap.height });
        current.getContext('2d')?.drawImage(bitmap, 0, 0);
        bitmap.close();
      });
    return () => {
      stale = true;
    };
  }, [frame]);
  const likes = liked.value.has(tile.job);
  const name = `${String(tile.parameters['prompt'] ?? '')}, seed ${String(tile.parameters['seed'] ?? '')}`;
  return (
    <li class={likes ? 'liked' : ''}>
      <button
        type="button"
        class="opens"
        title={run?.picture ? 'Look at it closely' : 'It is being drawn'}
        disabled={!run?.picture}
        onClick={() => run?.picture && void viewShelved(run.picture.file)}
      >
        {frame || (run && isGoing(run)) ? (
          <canvas ref={element} width={256} height={256} role="img" aria-label={name} />
        ) : (
          // After a reload, and of runs that nobody tells of any more.
          <img
            src={run?.picture?.url.slice(1) ?? frameAddress(tile.job, LAST_STEP)}
            alt={name}
            onError={(event) => event.currentTarget.classList.add('missing')}
          />
        )}
      </button>
      {fitsBest && (
        <small class="best" title="Of these, the eye that judges finds it to fit the words best">
          fits best
        </small>
      )}
      <span class="does">
        <IconButton
          icon={Heart}
          name={`Like: ${name}`}
          pressed={likes}
          onClick={() => {
            const next = new Set(liked.value);
            if (!next.delete(tile.job)) next.add(tile.job);
            liked.value = next;
          }}
        />
        <IconButton icon={Play} name={`Draw it out: ${name}`} onClick={() => void drawOut(tile)} />
      </span>
      {run && isGoing(run) && (
        <progress
          aria-label={`How far ${name} is`}
          max={1}
          value={run.progress ? run.progress.done / Math.max(1, run.progress.total) : 0}
        />
      )}
    </li>
  );
}

export function WallOfTiles() {
  const [count, setCount] = useState<number>(6);
  const [inTurn, setInTurn] = useState(false);
  void revision.value;
  const now = wall.value;
  const likes = liked.value.size;
  const best = bestOf(now?.tiles ?? []);
  const close = (): void => {
    exploring.value = false;
  };
  return (
    <section id="wall" aria-label="Explore">
      <header>
        <h2>{now ? `Wall ${now.generation}` : 'Explore'}</h2>
        <label>
          <span>Pictures</span>
          <select value={count} onChange={(event) => setCount(Number(event.currentTarget.value))}>
            {SIZES.map((size) => (
              <option key={size} value={size}>
                {size}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Drawn with</span>
          <select value={inTurn ? 'turn' : 'own'} onChange={(event) => setInTurn(event.currentTarget.value === 'turn')}>
            <option value="own">the chosen drawer</option>
            <option value="turn">several in turn</option>
          </select>
        </label>
        <button
          type="button"
          disabled={written.value === undefined}
          onClick={() => void explore({ count, grows: false, inTurn })}
        >
          {now ? 'A new wall' : 'Draw a wall'}
        </button>
        <button
          type="button"
          class="first"
          disabled={likes === 0}
          onClick={() => void explore({ count, grows: true, inTurn })}
        >
          Grow from {likes === 0 ? 'what you like' : `the ${likes} you like`}
        </button>
        <label title="What you liked on walls, beside what you passed by, pulls on the next wall">
          <input
            type="checkbox"
            checked={byTaste.value}
            onChange={(event) => {
              byTaste.value = event.currentTarget.checked;
            }}
          />
          <span>By my taste</span>
        </label>
        {wallGrows() && (
          <button type="button" onClick={() => void stopWall()}>
            Stop
          </button>
        )}
        <IconButton icon={X} name="Back to the canvas" onClick={close} />
      </header>
      {!now && (
        <p class="quiet">
          Small, quick drawings of the words on the left, each with a seed of its own. Like some, and the next wall
          grows from them: other seeds, other strengths, words of two together. Draw out the one you want.
        </p>
      )}
      <ol>
        {now?.tiles.map((tile) => (
          <Drawing key={tile.job} tile={tile} fitsBest={tile.job === best} />
        ))}
      </ol>
    </section>
  );
}
