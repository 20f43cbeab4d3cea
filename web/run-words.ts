/** A run in words. */
import type { Update } from '../server/wire.ts';

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
  return `${before}, in about ${wait < MINUTE_S ? `${Math.round(wait)} s` : `${Math.round(wait / 60)} min`}`;
}

export function stateOf(run: Update): string {
  const { state, paused, progress } = run;
  if (state === 'waiting') return turnOf(run) || STATES.waiting;
  if (state !== 'running') return STATES[state];
  const share = progress && progress.total > 0 ? ` · ${Math.floor((100 * progress.done) / progress.total)} %` : '';
  return `${paused ? 'paused' : STATES.running}${share}`;
}

/** No percentage of a sample is all. */
const ALL_BUT = 99;
/** A percentile as people are told it. */
export const percentOf = (percentile: number): string => `${Math.min(ALL_BUT, Math.floor(percentile))} %`;

/** Whether it answers in words and lists, and draws nothing: it needs no canvas. */
export const answersInWords = ({ picture, frame, question, tables = [], ranking, map, matrix }: Update): boolean =>
  !picture && !frame && (question !== null || tables.length > 0 || [ranking, map, matrix].some((a) => a !== undefined));
