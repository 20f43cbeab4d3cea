/** The list of runs: what is worked on, what waits and for how long, and what has ended; any of them can be looked at, and one's own can be moved. */
import type { Moving, Update } from '../server/wire.ts';
import { byId, make } from './element.ts';

export interface RunListActions {
  show(job: string): void;
  move(job: string, how: Moving['how']): void;
  cancel(job: string): void;
}

/** Runs that have ended and are listed. */
const ENDED = 8;

const STATES: Record<Update['state'], string> = {
  waiting: 'waits',
  running: 'at work',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
};

const MINUTE_S = 90;
/** When it is one's turn. */
export function turnOf({ state, held, place, wait }: Update): string {
  if (state !== 'waiting') return '';
  if (held) return 'held: others go by';
  if (place === undefined) return '';
  const before = place === 1 ? 'next' : `number ${place}`;
  if (wait === undefined) return before;
  return `${before}, in about ${wait < MINUTE_S ? `${wait} s` : `${Math.round(wait / 60)} min`}`;
}

function stateOf(run: Update): string {
  const { state, paused, progress } = run;
  if (state === 'waiting') return turnOf(run) || STATES.waiting;
  if (state !== 'running') return STATES[state];
  const share = progress && progress.total > 0 ? ` · ${Math.floor((100 * progress.done) / progress.total)} %` : '';
  return `${paused ? 'paused' : STATES.running}${share}`;
}

export function createRunList(actions: RunListActions): (runs: readonly Update[], shown: string | undefined) => void {
  const [section, list] = [byId('runs', HTMLElement), byId('run-list', HTMLOListElement)];
  const rows = new Map<string, Row>();
  return (runs, shown) => {
    const going = runs.filter(({ state }) => state === 'running' || state === 'waiting');
    const listed = [...going, ...runs.filter((run) => !going.includes(run)).slice(0, ENDED)];
    section.hidden = listed.length === 0;
    for (const [job, { item }] of rows)
      if (!listed.some((run) => run.job === job)) {
        item.remove();
        rows.delete(job);
      }
    listed.forEach((run, i) => {
      const row = rows.get(run.job) ?? createRow(run.job, actions);
      rows.set(run.job, row);
      row.show(run, run.job === shown);
      // Only what stands elsewhere is moved, so that a button that has the focus keeps it.
      if (list.children[i] !== row.item) list.insertBefore(row.item, list.children[i] ?? null);
    });
  };
}

interface Row {
  readonly item: HTMLLIElement;
  show(run: Update, current: boolean): void;
}

function createRow(job: string, actions: RunListActions): Row {
  const [title, state] = [make('span', { className: 'title' }), make('span', { className: 'state' })];
  const open = make('button', { type: 'button', className: 'open' }, title, state);
  const button = (text: string, work: () => void): HTMLButtonElement => {
    const made = make('button', { type: 'button', textContent: text });
    made.addEventListener('click', work);
    return made;
  };
  let held = false;
  const up = button('Up', () => actions.move(job, 'up'));
  const hold = button('Hold', () => actions.move(job, held ? 'release' : 'hold'));
  const cancel = button('Cancel', () => actions.cancel(job));
  up.title = 'Before all else that you have waiting';
  open.addEventListener('click', () => actions.show(job));
  const item = make('li', {}, open, make('span', { className: 'moves' }, up, hold, cancel));
  return {
    item,
    show: (run, current) => {
      held = run.held === true;
      title.textContent = run.title;
      state.textContent = stateOf(run);
      open.setAttribute('aria-current', String(current));
      item.dataset['state'] = run.state;
      const waits = run.mine && run.state === 'waiting';
      up.hidden = !waits || held;
      hold.hidden = !waits;
      hold.textContent = held ? 'Let it go' : 'Hold';
      hold.title = held ? 'It waits for its turn again' : 'Others go by until you let it go';
      cancel.hidden = !(run.mine && (waits || run.state === 'running'));
      for (const made of [up, hold, cancel]) made.setAttribute('aria-label', `${made.textContent}: ${run.title}`);
    },
  };
}
