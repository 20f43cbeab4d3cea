/** The runs: what is worked on, what waits and for how long, and what has ended; any of them can be looked at, and one's own can be moved. */
import { z } from 'zod';
import type { Update } from '../../server/wire.ts';
import { cancel, mayTouch, move, open } from '../desk.ts';
import { remembered } from '../remembered.ts';
import { stateOf } from '../run-words.ts';
import { isGoing, place, runs, shownJob } from '../state.ts';
import { frameAddress, LAST_STEP } from '../trail.ts';
import { exploring, wall } from '../wall.ts';

/** Runs that have ended and are listed. */
const ENDED = 40;
const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const endedOpen = remembered('ended-runs', z.boolean(), false);

const AGES = 6;
/** Another number whenever it has come so much further that its small picture is another. */
const aged = ({ progress }: Update): number => Math.floor((AGES * (progress?.done ?? 0)) / (progress?.total || 1));

function Run({ run }: { readonly run: Update }) {
  const waits = run.state === 'waiting' && mayTouch(run);
  const { job, title, held } = run;
  return (
    <li data-state={run.state}>
      <button
        type="button"
        class="run"
        title={new Date(run.at).toLocaleString()}
        aria-current={shownJob.value === job}
        onClick={() => {
          open(job);
          place.value = 'canvas';
        }}
      >
        <img
          src={
            run.picture
              ? `small/${encodeURIComponent(run.picture.file)}`
              : `${frameAddress(job, LAST_STEP)}?${aged(run)}`
          }
          alt=""
          loading="lazy"
          width={36}
          height={36}
          onLoad={(event) => event.currentTarget.classList.remove('missing')}
          onError={(event) => event.currentTarget.classList.add('missing')}
        />
        <span class="title">{title}</span>
        <span class="quiet">{isGoing(run) ? stateOf(run) : `${stateOf(run)} · ${TIME.format(run.at)}`}</span>
      </button>
      {isGoing(run) && mayTouch(run) && (
        <span class="moves">
          {waits && !held && (
            <button
              type="button"
              aria-label={`Up: ${title}`}
              title="Before all else that you have waiting"
              onClick={() => void move(job, 'up')}
            >
              Up
            </button>
          )}
          {waits && (
            <button
              type="button"
              aria-label={`${held ? 'Let it go' : 'Hold'}: ${title}`}
              title={held ? 'It waits for its turn again' : 'Others go by until you let it go'}
              onClick={() => void move(job, held ? 'release' : 'hold')}
            >
              {held ? 'Let it go' : 'Hold'}
            </button>
          )}
          <button type="button" aria-label={`Cancel: ${title}`} onClick={() => void cancel(job)}>
            Cancel
          </button>
        </span>
      )}
    </li>
  );
}

export function Runs() {
  const all = runs.value;
  if (all.length === 0) return null;
  // What grows on the wall is looked at there.
  const onWall = new Set(wall.value?.tiles.map(({ job }) => job));
  const sketches = all.filter((run) => isGoing(run) && onWall.has(run.job)).length;
  const going = all.filter((run) => isGoing(run) && !(exploring.value && onWall.has(run.job)));
  const ended = all.filter((run) => !isGoing(run) && !run.sketch);
  return (
    <section id="runs" aria-label="Runs">
      <h2>Runs</h2>
      {going.length === 0 && (
        <p class="quiet">{sketches > 0 ? `The wall is being drawn: ${sketches} to go.` : 'Nothing is being drawn.'}</p>
      )}
      <ol id="run-list">
        {going.map((run) => (
          <Run key={run.job} run={run} />
        ))}
      </ol>
      {ended.length > 0 && (
        <details
          id="ended"
          open={endedOpen.value}
          onToggle={(event) => {
            endedOpen.value = event.currentTarget.open;
          }}
        >
          <summary>{ended.length === 1 ? 'One has ended' : `${ended.length} have ended`}</summary>
          <ol>{endedOpen.value && ended.slice(0, ENDED).map((run) => <Run key={run.job} run={run} />)}</ol>
        </details>
      )}
    </section>
  );
}
