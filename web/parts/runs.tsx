/** The runs: what is worked on, what waits and for how long, and what has ended; any of them can be looked at, and one's own can be moved. */
import type { Update } from '../../server/wire.ts';
import { cancel, mayTouch, move, open } from '../desk.ts';
import { stateOf } from '../run-words.ts';
import { isGoing, place, runs, shownJob } from '../state.ts';

/** Runs that have ended and are listed. */
const ENDED = 12;

function Run({ run }: { readonly run: Update }) {
  const waits = run.state === 'waiting' && mayTouch(run);
  const { job, title, held } = run;
  return (
    <li data-state={run.state}>
      <button
        type="button"
        class="run"
        aria-current={shownJob.value === job}
        onClick={() => {
          open(job);
          place.value = 'canvas';
        }}
      >
        <span class="title">{title}</span>
        <span class="quiet">{stateOf(run)}</span>
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
  const ended = all.filter((run) => !isGoing(run)).slice(0, ENDED);
  return (
    <section id="runs" aria-label="Runs">
      <h2>Runs</h2>
      <ol id="run-list">
        {[...all.filter(isGoing), ...ended].map((run) => (
          <Run key={run.job} run={run} />
        ))}
      </ol>
    </section>
  );
}
