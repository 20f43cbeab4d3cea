/** One line: what goes on, how far it is, how fast, and how long it will take. */
import { Download, Film, Share2 } from 'lucide-preact';
import { useRef } from 'preact/hooks';
import type { Update } from '../../server/wire.ts';
import { invite, letGo, mayTouch, open } from '../desk.ts';
import { turnOf } from '../run-words.ts';
import { connected, isGoing, looking, runs, shown } from '../state.ts';
import { steps } from '../trail.ts';

const WORDS: Record<Update['state'], string> = {
  waiting: 'Waiting for its turn',
  running: 'Drawing',
  done: 'Done',
  failed: 'It did not work',
  cancelled: 'Cancelled',
};

/** What is paused works on nothing, and lets nobody else. */
const holds = ({ state, paused }: Update): boolean => state === 'running' && paused;

const SMOOTH = 0.8;
/** Steps a second, by what was seen of this run. */
class Speed {
  private job = '';
  private done = 0;
  private at = 0;
  private rate = 0;
  of({ job, progress, paused }: Update): number {
    const now = performance.now();
    const done = progress?.done ?? 0;
    if (job !== this.job || done < this.done || paused) Object.assign(this, { job, done, at: now, rate: 0 });
    else if (done > this.done && now > this.at + 200) {
      const seen = (1000 * (done - this.done)) / (now - this.at);
      this.rate = this.rate === 0 ? seen : SMOOTH * this.rate + (1 - SMOOTH) * seen;
      Object.assign(this, { done, at: now });
    }
    return this.rate;
  }
}

const timeOf = (seconds: number): string =>
  seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;

function phaseOf(run: Update): string {
  if (run.paused && isGoing(run)) return 'Paused';
  if (run.state !== 'running') return WORDS[run.state];
  const label = run.progress?.label;
  if (label) return label.charAt(0).toUpperCase() + label.slice(1);
  return run.progress ? 'Drawing' : 'Beginning';
}

/** What to do about a run that is paused, behind which another waits. */
function Held({ by }: { readonly by: Update }) {
  if (!mayTouch(by)) return null;
  return (
    <>
      <button type="button" id="let-go" title="It ends with its picture" onClick={() => void letGo(by)}>
        Finish that one
      </button>
      <button type="button" id="to-holder" class="quiet" onClick={() => open(by.job)}>
        Go to it
      </button>
    </>
  );
}

/** How far, how fast, how long, and what it waits for. */
function particulars(run: Update, rate: number, holder: Update | undefined): string[] {
  const { progress } = run;
  const far = isGoing(run) && progress && progress.total > 0;
  return [
    looking.value === undefined ? '' : `looking at step ${looking.value}`,
    far ? `${progress.done} of ${progress.total}` : '',
    rate > 0 && !run.paused ? `${rate.toFixed(rate < 10 ? 1 : 0)} a second` : '',
    far && rate > 0 && !run.paused ? `${timeOf((progress.total - progress.done) / rate)} left` : '',
    holder ? `“${holder.title}” is paused and holds its place` : turnOf(run),
    mayTouch(run) ? '' : 'begun by somebody else: you watch',
  ].filter(Boolean);
}

export function Status() {
  const speed = useRef(new Speed());
  const run = shown.value;
  if (!connected.value)
    return (
      <div id="status">
        <span id="state" role="status">
          The server cannot be reached; trying again…
        </span>
      </div>
    );
  if (!run)
    return (
      <div id="status">
        <span id="state" role="status" />
      </div>
    );
  const { progress } = run;
  const holder = run.state === 'waiting' ? runs.value.find(holds) : undefined;
  const rate = run.state === 'running' ? speed.current.of(run) : 0;
  const far = isGoing(run) && progress && progress.total > 0;
  const parts = particulars(run, rate, holder);
  return (
    <div id="status">
      <span id="state" role="status" data-state={run.state}>
        <b>{phaseOf(run)}</b>: {run.title}
        {parts.length > 0 && ` · ${parts.join(' · ')}`}
      </span>
      {far && <progress id="progress" aria-label="How far the run is" max={1} value={progress.done / progress.total} />}
      {holder && <Held by={holder} />}
      {isGoing(run) && run.key !== undefined && (
        <button
          type="button"
          class="quiet"
          id="invite"
          title="A link that lets others steer this run"
          onClick={() => void invite(run)}
        >
          <Share2 size={15} aria-hidden="true" /> Invite
        </button>
      )}
      {!isGoing(run) && steps.value.length > 1 && (
        <a
          id="film"
          class="download"
          href={`jobs/${run.job}/moving.webp`}
          download={`${run.title.slice(0, 60)}.webp`}
          title="How it grew, as a picture that moves"
        >
          <Film size={15} aria-hidden="true" /> Film
        </a>
      )}
      {run.picture && (
        <a id="download" class="download" href={run.picture.url} download={run.picture.file}>
          <Download size={15} aria-hidden="true" /> PNG
        </a>
      )}
      {run.picture?.svg && (
        <a id="drawing" class="download" href={run.picture.svg} download="">
          <Download size={15} aria-hidden="true" /> SVG
        </a>
      )}
    </div>
  );
}
